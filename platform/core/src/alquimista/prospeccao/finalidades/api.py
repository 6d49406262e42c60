"""Endpoints of purposes, of the record of processing, and of leads' legal bases."""

from __future__ import annotations

from dataclasses import asdict
from operator import itemgetter
from typing import Any
from uuid import UUID

from flask import Response

from alquimista.http.answers import csv_file
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.csv_export import attachment
from alquimista.http.errors import trace_id
from alquimista.http.inventory import Inventory, Sorted
from alquimista.http.services import services
from alquimista.http.versions import match, tag, takes_if_match
from alquimista.prospeccao.finalidades import consulta, service
from alquimista.prospeccao.finalidades.domain import PADROES, Finalidade
from alquimista.prospeccao.finalidades.schemas import (
    BaseFiltroSchema,
    BasesDoLeadPaginaSchema,
    BasesDoLeadSchema,
    FinalidadeEdicaoSchema,
    FinalidadeFiltroSchema,
    FinalidadeListaSchema,
    FinalidadeSchema,
    NovaBaseSchema,
    RetiradaSchema,
    TratamentosSchema,
)
from alquimista.prospeccao.finalidades.tratamentos import COLUNAS, record_of_processing, rows_of

blp = Blueprint(
    "finalidades", __name__, url_prefix="/api/finalidades", description="Finalidades e bases legais"
)
tratamentos = Blueprint(
    "tratamentos", __name__, url_prefix="/api/tratamentos", description="Finalidades e bases legais"
)
bases = Blueprint(
    "bases_legais", __name__, url_prefix="/api/leads", description="Finalidades e bases legais"
)


_ORDEM = {name: place for place, name in enumerate(PADROES)}
_ORDENS: dict[str, Sorted] = {
    "registro": lambda item: _ORDEM[item["finalidade"]],
    "titulo": lambda item: str(item["titulo"]).casefold(),
}
LISTA = Inventory(
    chave=itemgetter("finalidade"),
    ordens=_ORDENS,
    filtros={
        "ativa": lambda item, wanted: item["ativa"] is wanted,
        "base_legal": lambda item, wanted: bool(item["base_legal"] == wanted),
    },
)
BASES_DO_LEAD = Inventory(
    chave=itemgetter("finalidade"),
    ordens=_ORDENS,
    filtros={"permitido": lambda item, wanted: item["permitido"] is wanted},
)
_EXEMPLO = {
    "finalidade": "prospeccao",
    "titulo": "Prospecção",
    "ativa": "sim",
    "base_legal": "legitimo_interesse",
    "fundamento": "LGPD, art. 7º, IX, e art. 10",
    "retencao_dias": "730",
}
_CSV = csv_file(
    "O registro das operações de tratamento.",
    COLUNAS,
    [_EXEMPLO.get(name, "") for name in COLUNAS],
)


@blp.get("")
@requires("finalidades:read")
@blp.arguments(FinalidadeFiltroSchema, location="query")
@blp.response(200, FinalidadeListaSchema)
def list_finalidades(filtro: dict[str, Any]) -> dict[str, Any]:
    """Para que a conta usa dados pessoais, e a base legal de cada finalidade."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        found = consulta.registro(uow)
    return LISTA.page([asdict(item) for item in found], filtro)


@blp.get("/<string:finalidade>")
@requires("finalidades:read")
@blp.response(200, FinalidadeSchema)
def get_finalidade(finalidade: str) -> Finalidade:
    """Uma finalidade, com a nota de balanceamento do legítimo interesse (LIA)."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return _tagged(consulta.find(uow, finalidade))


@blp.patch("/<string:finalidade>")
@requires("finalidades:write")
@blp.arguments(FinalidadeEdicaoSchema)
@blp.response(200, FinalidadeSchema)
def change_finalidade(corpo: dict[str, Any], finalidade: str) -> Finalidade:
    """Muda a base legal, os dados ou a nota; desativar impede a finalidade para todos."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return _tagged(service.change(uow, finalidade, corpo, principal().ator, match))


@blp.post("/<string:finalidade>/restaurar")
@requires("finalidades:write")
@takes_if_match
@blp.response(200, FinalidadeSchema)
def reset_finalidade(finalidade: str) -> Finalidade:
    """Volta ao que vem de fábrica."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return _tagged(service.reset(uow, finalidade, principal().ator, match))


@tratamentos.get("")
@requires("finalidades:read")
@tratamentos.response(200, TratamentosSchema)
def get_tratamentos() -> dict[str, Any]:
    """O registro das operações de tratamento (LGPD, art. 37), como está agora."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return record_of_processing(uow, services().tenants)


@tratamentos.get("/exportacao.csv")
@requires("finalidades:read")
@tratamentos.response(200, **_CSV)
def export_tratamentos() -> Response:
    """O mesmo registro em CSV (ponto e vírgula, UTF-8)."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        found = record_of_processing(uow, services().tenants)
    return attachment("tratamentos.csv", COLUNAS, rows_of(found))


@bases.get("/<uuid:lead_id>/bases-legais")
@requires("leads:read")
@bases.arguments(BaseFiltroSchema, location="query")
@bases.response(200, BasesDoLeadPaginaSchema)
def list_bases(filtro: dict[str, Any], lead_id: UUID) -> dict[str, Any]:
    """Para que os dados do lead podem ser usados, por quê, e o que ele consentiu ou retirou."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return BASES_DO_LEAD.page(service.of_lead(uow, lead_id), filtro)


@bases.post("/<uuid:lead_id>/bases-legais")
@requires("leads:write")
@bases.arguments(NovaBaseSchema)
@bases.response(201, BasesDoLeadSchema)
def record_base(corpo: dict[str, Any], lead_id: UUID) -> dict[str, Any]:
    """Registra um consentimento ou outra base legal do lead, com a prova."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        nova = service.NovaBase(**corpo)
        service.record_basis(services().ports, uow, lead_id, nova, principal().ator, trace_id())
        return {"itens": service.of_lead(uow, lead_id)}


@bases.post("/<uuid:lead_id>/bases-legais/retiradas")
@requires("leads:write")
@bases.arguments(RetiradaSchema)
@bases.response(200, BasesDoLeadSchema)
def withdraw_base(corpo: dict[str, Any], lead_id: UUID) -> dict[str, Any]:
    """Registra que a pessoa retirou o consentimento, ou se opôs: só aquela finalidade para."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.withdraw(
            services().ports,
            uow,
            lead_id,
            corpo["finalidade"],
            corpo["meio"],
            corpo.get("motivo"),
            principal().ator,
            trace_id(),
        )
        return {"itens": service.of_lead(uow, lead_id)}


def _tagged(finalidade: Finalidade) -> Finalidade:
    tag(finalidade.versao)
    return finalidade
