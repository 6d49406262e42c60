"""Endpoints of reports."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, send_file

from alquimista.http.answers import binary_file
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.prospeccao.relatorios import service
from alquimista.prospeccao.relatorios.domain import first_day
from alquimista.prospeccao.relatorios.schemas import FunilSchema, PeriodoSchema
from alquimista_sdk.errors import NotFound

blp = Blueprint("relatorios", __name__, url_prefix="/api/relatorios", description="Relatórios")
_PADRAO = timedelta(days=29)


@blp.get("/funil")
@requires("relatorios:read")
@blp.arguments(PeriodoSchema, location="query")
@blp.response(200, FunilSchema)
def get_funil(periodo: dict[str, Any]) -> dict[str, Any]:
    """O funil dos leads recebidos no período, com cada taxa e o seu denominador."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        fuso = services().tenants.fuso(uow)
        fim = periodo.get("fim") or uow.agora.astimezone(ZoneInfo(fuso)).date()
        inicio = periodo.get("inicio") or fim - _PADRAO
        if "periodo" in periodo:
            inicio = first_day(periodo["periodo"], fim)
        return service.to_json(service.metrics(uow, min(inicio, fim), fim, fuso))


_PDF = binary_file("O relatório do dia: indicadores, funil e observações.", "application/pdf")


@blp.get("/<string:data>.pdf")
@requires("relatorios:read")
@blp.response(200, **_PDF)
def get_pdf(data: str) -> Response:
    """O relatório em PDF de um dia (AAAA-MM-DD)."""
    try:
        dia = date.fromisoformat(data)
    except ValueError as error:
        raise NotFound("Não há relatório com essa data.") from error
    with services().database.unit_of_work(principal().tenant_id) as uow:
        content = service.pdf_path(services().ports, uow, dia).read_bytes()
    return send_file(
        BytesIO(content), mimetype="application/pdf", download_name=f"relatorio-{data}.pdf"
    )
