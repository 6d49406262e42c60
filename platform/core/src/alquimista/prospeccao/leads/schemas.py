"""Bodies of the lead endpoints."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import Dia, Momento, pagina
from alquimista.prospeccao.fusoes.schemas import FusaoSugeridaSchema
from alquimista_sdk.models import LEAD_STATUS


class LeadSchema(ma.Schema):
    """A lead."""

    id = ma.fields.UUID()
    empresa = ma.fields.String()
    cnpj = ma.fields.String(allow_none=True)
    contato = ma.fields.String(allow_none=True)
    telefone = ma.fields.String(allow_none=True)
    email = ma.fields.String(allow_none=True)
    setor = ma.fields.String(allow_none=True)
    porte = ma.fields.String(allow_none=True)
    porte_receita = ma.fields.String(allow_none=True)
    atividade_principal = ma.fields.String(allow_none=True)
    cidade = ma.fields.String(allow_none=True)
    uf = ma.fields.String(allow_none=True)
    status = ma.fields.String(validate=validate.OneOf(LEAD_STATUS))
    prioridade = ma.fields.Integer(allow_none=True)
    segmento = ma.fields.String(allow_none=True)
    enriquecimento = ma.fields.String()
    lote_id = ma.fields.UUID(allow_none=True)
    importacao_id = ma.fields.UUID(allow_none=True)
    pausado = ma.fields.Boolean()
    pausa_motivo = ma.fields.String(allow_none=True)
    base_legal = ma.fields.String(allow_none=True)
    created_at = ma.fields.AwareDateTime()
    updated_at = ma.fields.AwareDateTime()
    versao = ma.fields.Integer()
    metadata = ma.fields.Dict()


class EntradaSchema(ma.Schema):
    """One line of a lead's timeline."""

    quando = ma.fields.AwareDateTime()
    tipo = ma.fields.String(
        validate=validate.OneOf(("evento", "mensagem", "disparo", "agendamento", "auditoria"))
    )
    titulo = ma.fields.String()
    detalhes = ma.fields.Dict()
    trace_id = ma.fields.UUID(allow_none=True)


class LeadComLinhaDoTempoSchema(LeadSchema):
    """A lead with its timeline and with the leads that may be the same."""

    linha_do_tempo = ma.fields.List(ma.fields.Nested(EntradaSchema))
    fusoes_sugeridas = ma.fields.List(ma.fields.Nested(FusaoSugeridaSchema))


class LeadPaginaSchema(PaginaSchema):
    """A page of leads."""

    itens = ma.fields.List(ma.fields.Nested(LeadSchema))


LEAD_ORDENS = ("created_at", "updated_at", "empresa", "prioridade", "status")
LEAD_IGUAIS = (
    "status",
    "importacao_id",
    "lote_id",
    "setor",
    "porte",
    "uf",
    "cnpj",
    "enriquecimento",
    "pausado",
)
_TEXTO = validate.Length(min=1, max=255)
LeadFiltroSchema = pagina(
    LEAD_ORDENS,
    "-created_at",
    status=ma.fields.String(validate=validate.OneOf(LEAD_STATUS)),
    importacao_id=ma.fields.UUID(),
    lote_id=ma.fields.UUID(),
    setor=ma.fields.String(validate=_TEXTO),
    porte=ma.fields.String(validate=_TEXTO),
    uf=ma.fields.String(validate=validate.Length(equal=2)),
    cnpj=ma.fields.String(validate=_TEXTO, metadata={"description": "Só letras e dígitos"}),
    enriquecimento=ma.fields.String(validate=_TEXTO),
    pausado=ma.fields.Boolean(),
    email=ma.fields.String(validate=_TEXTO, metadata={"description": "O endereço inteiro"}),
    prioridade_minima=ma.fields.Integer(validate=validate.Range(min=0, max=100)),
    desde=Momento(metadata={"description": "Recebidos a partir deste momento"}),
    ate=Momento(metadata={"description": "Recebidos antes deste momento"}),
    respondeu_em=Dia(metadata={"description": "Mandaram mensagem neste dia da conta"}),
)
"""Filters and order of the list."""


class ConversaoSchema(ma.Schema):
    """The value of a sale, in cents of real."""

    valor_centavos = ma.fields.Integer(
        required=True, strict=True, validate=validate.Range(min=0, max=2_147_483_647)
    )


class DescadastroSchema(ma.Schema):
    """Why a person asks for a lead's opt-out."""

    motivo = ma.fields.String(
        load_default="pedido registrado por uma pessoa", validate=validate.Length(min=1, max=200)
    )


class CertificadoSchema(ma.Schema):
    """What an erasure removed, store by store."""

    certificado_id = ma.fields.UUID()
    lead_id = ma.fields.UUID()
    apagado_em = ma.fields.String()
    registros = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    permanece = ma.fields.List(ma.fields.String())
