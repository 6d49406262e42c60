"""Endpoints of leads: list, one with its timeline, conversion, opt-out, erasure, export."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, jsonify
from sqlalchemy import ColumnElement, Row, exists, false

from alquimista.db.base import table_of
from alquimista.http.answers import json_object
from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import trace_id
from alquimista.http.listing import Listing, span_of
from alquimista.http.services import services
from alquimista.http.versions import match, tag, takes_if_match
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.fusoes import service as fusoes
from alquimista.prospeccao.leads import privacidade, service, timeline
from alquimista.prospeccao.leads.rows import LEADS
from alquimista.prospeccao.leads.schemas import (
    LEAD_IGUAIS,
    LEAD_ORDENS,
    CertificadoSchema,
    ConversaoSchema,
    DescadastroSchema,
    LeadComLinhaDoTempoSchema,
    LeadFiltroSchema,
    LeadPaginaSchema,
    LeadSchema,
)

_T = LEADS
_I = table_of(Interacao)


def _respondeu(span: tuple[datetime, datetime] | None) -> ColumnElement[bool]:
    """Leads that sent a message within a span; none where there is no span."""
    if span is None:
        return false()
    return exists().where(
        _I.c.tenant_id == _T.c.tenant_id,
        _I.c.lead_id == _T.c.id,
        _I.c.tipo == "recebido",
        _I.c.created_at >= span[0],
        _I.c.created_at < span[1],
    )


blp = Blueprint("leads", __name__, url_prefix="/api/leads", description="Leads")
LISTA = Listing(
    table=_T,
    ordens={name: _T.c[name] for name in LEAD_ORDENS},
    padrao="-created_at",
    vazios={"prioridade": -1},
    filtros={
        **{name: _T.c[name] for name in LEAD_IGUAIS},
        "email": lambda email: _T.c.email_norm == email.strip().lower(),
        "prioridade_minima": lambda least: _T.c.prioridade >= least,
        "desde": lambda moment: _T.c.created_at >= moment,
        "ate": lambda moment: _T.c.created_at < moment,
        "respondeu_em": lambda dia: _respondeu(dia[0]),
    },
)


@blp.get("")
@requires("leads:read")
@blp.arguments(LeadFiltroSchema, location="query")
@blp.response(200, LeadPaginaSchema)
def list_leads(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista os leads, do mais novo para o mais antigo se não se pedir outra ordem."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        if "respondeu_em" in filtro:
            fuso = services().tenants.fuso(uow)
            filtro = {**filtro, "respondeu_em": (span_of(filtro["respondeu_em"], uow.agora, fuso),)}
        return LISTA.page(uow, filtro).body()


@blp.get("/<uuid:lead_id>")
@requires("leads:read")
@blp.response(200, LeadComLinhaDoTempoSchema)
def get_lead(lead_id: UUID) -> dict[str, Any]:
    """Um lead com a linha do tempo (eventos, mensagens, decisões) e as fusões sugeridas."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        row = service.find(uow, lead_id)
        entries = timeline.build(uow, lead_id, services().publisher.open_detail)
        alike = fusoes.sugeridas(uow, lead_id)
    tag(row.versao)
    return {**row._mapping, "linha_do_tempo": entries, "fusoes_sugeridas": alike}


@blp.post("/<uuid:lead_id>/converter")
@requires("leads:write")
@takes_if_match
@blp.arguments(ConversaoSchema)
@blp.response(200, LeadSchema)
def convert_lead(corpo: dict[str, Any], lead_id: UUID) -> Any:
    """Registra a venda: o lead passa a convertido, com o valor em centavos."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        match(service.find(uow, lead_id, lock=True).versao)
        service.convert(uow, lead_id, corpo["valor_centavos"], principal().ator)
        return _tagged(service.find(uow, lead_id))


@blp.post("/<uuid:lead_id>/descadastro")
@requires("leads:write")
@blp.arguments(DescadastroSchema)
@blp.response(200, LeadSchema)
def opt_out_lead(corpo: dict[str, Any], lead_id: UUID) -> Any:
    """Descadastra o lead em todos os canais; repetir não envia nada de novo."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.opt_out(
            services().ports, uow, lead_id, corpo["motivo"], principal().ator, trace_id()
        )
        return _tagged(service.find(uow, lead_id))


@blp.post("/<uuid:lead_id>/esquecimento")
@requires("leads:erase")
@blp.response(200, CertificadoSchema)
def forget_lead(lead_id: UUID) -> Any:
    """Apaga os dados pessoais do lead (LGPD, art. 18, VI) e devolve o certificado."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        return privacidade.forget(
            services().ports,
            uow,
            lead_id,
            services().registry.erase,
            principal().ator,
            trace_id(),
        )


_EXPORTACAO = json_object(
    "Por conjunto de dados, o que está guardado do lead.",
    {"leads": {"empresa": "Cabos Litoral", "email": "bia@litoral.example.com"}, "interacoes": []},
)


@blp.get("/<uuid:lead_id>/exportacao")
@requires("leads:export")
@blp.response(200, **_EXPORTACAO)
def export_lead(lead_id: UUID) -> Response:
    """Tudo o que guardamos do lead, para acesso e portabilidade (LGPD, art. 18, II e V)."""
    with services().database.unit_of_work(principal().tenant_id) as uow:
        service.find(uow, lead_id)
        return jsonify(dict(services().registry.export(uow, lead_id)))


def _tagged(row: Row[Any]) -> Any:
    tag(row.versao)
    return row._mapping
