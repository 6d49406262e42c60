"""Bodies of the report endpoints."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import marshmallow as ma
from marshmallow import validate, validates_schema

from alquimista.prospeccao.relatorios.domain import PERIODOS

MAX_DIAS = 366


class PeriodoSchema(ma.Schema):
    """The days of a report, both included; without them the last 30 days."""

    inicio = ma.fields.Date()
    fim = ma.fields.Date()
    periodo = ma.fields.String(
        validate=validate.OneOf(PERIODOS),
        metadata={
            "description": "Em vez de inicio e fim: hoje, a semana (desde segunda) ou o mês (desde "
            "o dia 1), até hoje, no fuso da conta"
        },
    )

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        inicio, fim = data.get("inicio"), data.get("fim")
        if "periodo" in data and (inicio or fim):
            raise ma.ValidationError("Use periodo, ou inicio e fim.", "periodo")
        if inicio and fim and not timedelta(0) <= fim - inicio <= timedelta(days=MAX_DIAS):
            raise ma.ValidationError(
                f"O fim vem depois do início, no máximo {MAX_DIAS} dias.", "fim"
            )


class TaxaSchema(ma.Schema):
    """A rate with its parts; ``valor`` is null where the denominator is zero."""

    nome = ma.fields.String()
    numerador = ma.fields.Integer()
    denominador = ma.fields.Integer()
    denominador_nome = ma.fields.String()
    valor = ma.fields.Float(allow_none=True, metadata={"description": "percent"})


class ObjecaoSchema(ma.Schema):
    """A recurring objection."""

    objecao = ma.fields.String()
    frequencia = ma.fields.Integer()
    interacao_ids = ma.fields.List(ma.fields.UUID())


class PontoSchema(ma.Schema):
    """One day."""

    data = ma.fields.String()
    recebidos = ma.fields.Integer()
    contatados = ma.fields.Integer()
    responderam = ma.fields.Integer()
    agendados = ma.fields.Integer()


class FunilSchema(ma.Schema):
    """The funnel of a period."""

    inicio = ma.fields.String()
    fim = ma.fields.String()
    leads_recebidos = ma.fields.Integer()
    leads_enriquecidos = ma.fields.Integer()
    leads_enriquecidos_sandbox = ma.fields.Integer()
    leads_contatados = ma.fields.Integer()
    leads_responderam = ma.fields.Integer()
    leads_interessados = ma.fields.Integer()
    leads_agendados = ma.fields.Integer()
    leads_convertidos = ma.fields.Integer()
    leads_descadastrados = ma.fields.Integer()
    taxas = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Nested(TaxaSchema))
    serie = ma.fields.List(ma.fields.Nested(PontoSchema))
    objecoes_recorrentes = ma.fields.List(ma.fields.Nested(ObjecaoSchema))
    insights = ma.fields.List(ma.fields.String())
