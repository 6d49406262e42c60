"""Use cases of reports: figures from the tables, publishing a day's report."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.conversas.service import interacao_of
from alquimista.prospeccao.finalidades.consulta import decisoes
from alquimista.prospeccao.finalidades.domain import RELATORIOS
from alquimista.prospeccao.relatorios import domain
from alquimista.prospeccao.relatorios.domain import Contagens
from alquimista.prospeccao.relatorios.models import MetricaDiaria
from alquimista.runtime.ports import Ports
from alquimista_sdk.errors import NotFound
from alquimista_sdk.models import Interacao as InteracaoData
from alquimista_sdk.models import MetricasFunil, PontoDiario

_COUNTS = text(
    """
    SELECT count(*) AS recebidos,
        count(*) FILTER (WHERE enriquecimento IN ('enriquecido', 'sandbox')) AS enriquecidos,
        count(*) FILTER (WHERE enriquecimento = 'sandbox') AS enriquecidos_sandbox,
        count(*) FILTER (WHERE coalesce(contatado_em, respondeu_em, interessado_em, agendado_em,
                                        convertido_em) IS NOT NULL) AS contatados,
        count(*) FILTER (WHERE coalesce(respondeu_em, interessado_em, agendado_em, convertido_em)
                         IS NOT NULL) AS responderam,
        count(*) FILTER (WHERE coalesce(interessado_em, agendado_em, convertido_em) IS NOT NULL)
            AS interessados,
        count(*) FILTER (WHERE coalesce(agendado_em, convertido_em) IS NOT NULL) AS agendados,
        count(*) FILTER (WHERE convertido_em IS NOT NULL) AS convertidos,
        count(*) FILTER (WHERE status = 'descadastrado') AS descadastrados
    FROM nigredo_leads.leads
    WHERE tenant_id = :tenant AND created_at >= :inicio AND created_at < :fim
    """
)
_SERIES = text(
    """
    SELECT dia, count(*) FILTER (WHERE passo = 'recebidos') AS recebidos,
        count(*) FILTER (WHERE passo = 'contatados') AS contatados,
        count(*) FILTER (WHERE passo = 'responderam') AS responderam,
        count(*) FILTER (WHERE passo = 'agendados') AS agendados
    FROM (
        SELECT CAST(timezone(:fuso, m.momento) AS date) AS dia, m.passo
        FROM nigredo_leads.leads l CROSS JOIN LATERAL (VALUES
            ('recebidos', l.created_at), ('contatados', l.contatado_em),
            ('responderam', l.respondeu_em), ('agendados', l.agendado_em)) AS m(passo, momento)
        WHERE l.tenant_id = :tenant AND m.momento >= :inicio AND m.momento < :fim
    ) AS passos GROUP BY dia
    """
)


def metrics(uow: UnitOfWork, inicio: date, fim: date, fuso: str) -> MetricasFunil:
    """The funnel of the days ``inicio`` to ``fim`` (both included) in the tenant's zone."""
    span = _span(uow, inicio, fim, fuso)
    counts = uow.connection.execute(_COUNTS, span).one()._mapping
    by_day = {row.dia: row for row in uow.connection.execute(_SERIES, {**span, "fuso": fuso}).all()}
    return domain.funnel(
        inicio,
        fim,
        Contagens(**counts),
        [_point(inicio + timedelta(days=i), by_day) for i in range((fim - inicio).days + 1)],
        objections(uow, inicio, fim, fuso),
    )


def objections(uow: UnitOfWork, inicio: date, fim: date, fuso: str) -> tuple[InteracaoData, ...]:
    """The received messages that were read as objections in those days, oldest first.

    Messages of people whose data may not be used for reports are left out.
    """
    span = _span(uow, inicio, fim, fuso)
    rows = uow.connection.execute(
        select(Interacao.__table__)
        .where(
            Interacao.tenant_id == uow.tenant_id,
            Interacao.tipo == "recebido",
            Interacao.intent == "objection",
            Interacao.created_at >= span["inicio"],
            Interacao.created_at < span["fim"],
        )
        .order_by(Interacao.created_at, Interacao.id)
    ).all()
    asked = decisoes(uow, list({row.lead_id for row in rows}), RELATORIOS)
    return tuple(interacao_of(row) for row in rows if asked[row.lead_id].permitido)


def publish(ports: Ports, uow: UnitOfWork, data: date, metricas: MetricasFunil, pdf: bytes) -> None:
    """Keep a day's figures and its PDF; a second one of the day replaces the first."""
    key = f"relatorios/{data.isoformat()}.pdf"
    ports.files.put(uow.tenant_id, key, pdf)
    row = insert(MetricaDiaria).values(
        id=uuid4(),
        tenant_id=uow.tenant_id,
        data=data,
        metricas=to_json(metricas),
        pdf_chave=key,
        created_at=uow.agora,
    )
    uow.connection.execute(
        row.on_conflict_do_update(
            constraint="uq_metricas_diarias_data",
            set_={
                "metricas": row.excluded.metricas,
                "pdf_chave": row.excluded.pdf_chave,
                "versao": MetricaDiaria.versao + 1,
            },
        )
    )


def pdf_path(ports: Ports, uow: UnitOfWork, data: date) -> Path:
    """The local path of a day's PDF. Raises ``NotFound``."""
    key = uow.connection.execute(
        select(MetricaDiaria.pdf_chave).where(
            MetricaDiaria.tenant_id == uow.tenant_id, MetricaDiaria.data == data
        )
    ).scalar_one_or_none()
    if key is None:
        raise NotFound(f"Não há relatório de {data:%d/%m/%Y}.")
    return ports.files.path(uow.tenant_id, key)


def to_json(metricas: MetricasFunil) -> dict[str, Any]:
    """The figures as JSON: dates as ISO, ids as text, rates by name."""
    raw = asdict(metricas)
    raw["inicio"], raw["fim"] = metricas.inicio.isoformat(), metricas.fim.isoformat()
    raw["taxas"] = {taxa.nome: asdict(taxa) for taxa in metricas.taxas}
    raw["serie"] = [{**asdict(p), "data": p.data.isoformat()} for p in metricas.serie]
    raw["objecoes_recorrentes"] = [
        {
            "objecao": o.objecao,
            "frequencia": o.frequencia,
            "interacao_ids": [str(i) for i in o.interacao_ids],
        }
        for o in metricas.objecoes_recorrentes
    ]
    raw["insights"] = list(metricas.insights)
    return raw


def _span(uow: UnitOfWork, inicio: date, fim: date, fuso: str) -> dict[str, Any]:
    zone = ZoneInfo(fuso)
    return {
        "tenant": uow.tenant_id,
        "inicio": datetime.combine(inicio, time(), zone),
        "fim": datetime.combine(fim + timedelta(days=1), time(), zone),
    }


def _point(dia: date, by_day: dict[date, Any]) -> PontoDiario:
    row = by_day.get(dia)
    if row is None:
        return PontoDiario(dia, 0, 0, 0, 0)
    return PontoDiario(dia, row.recebidos, row.contatados, row.responderam, row.agendados)
