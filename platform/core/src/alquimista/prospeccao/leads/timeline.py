"""A lead's timeline: every event, message, decision, refusal and meeting, in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.models import AuditLog
from alquimista.prospeccao.agendamentos.models import Agendamento
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.disparos.models import Disparo
from alquimista.prospeccao.fusoes.cadeia import absorvidos
from fibonacci_bus.event import Event

LIMITE = 500
_DE_AMBOS = "fusao"
"""Audit entries of merges stand with each of the two leads: one is told."""
_EVENTS = text(
    """
    SELECT id, source, type, detail, tenant_id, trace_id, occurred_at, ordering_key,
           causation_id, depth
    FROM fibonacci_core.events
    WHERE tenant_id = :tenant AND ordering_key = :lead AND replayed_from IS NULL
    ORDER BY occurred_at DESC, id LIMIT :limit
    """
)
OpenDetail = Callable[[UnitOfWork, Event], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Entrada:
    """One line: ``tipo`` is evento, mensagem, disparo, agendamento or auditoria."""

    quando: datetime
    tipo: str
    titulo: str
    detalhes: Mapping[str, Any]
    trace_id: UUID | None = None


def build(uow: UnitOfWork, lead_id: UUID, open_detail: OpenDetail) -> list[Entrada]:
    """The newest ``LIMITE`` entries of each kind, oldest first.

    Those of leads that were merged into this one are among them and name their lead.
    """
    entries = _of(uow, lead_id, open_detail)
    for outro_id in absorvidos(uow, lead_id):
        entries += [
            replace(entry, detalhes={**entry.detalhes, "lead_id": str(outro_id)})
            for entry in _of(uow, outro_id, open_detail)
            if not entry.titulo.startswith(_DE_AMBOS)
        ]
    return sorted(entries, key=lambda entry: (entry.quando, entry.tipo, entry.titulo))


def _of(uow: UnitOfWork, lead_id: UUID, open_detail: OpenDetail) -> list[Entrada]:
    return [
        *_events(uow, lead_id, open_detail),
        *_messages(uow, lead_id),
        *_disparos(uow, lead_id),
        *_meetings(uow, lead_id),
        *_audit(uow, lead_id),
    ]


def _events(uow: UnitOfWork, lead_id: UUID, open_detail: OpenDetail) -> Iterable[Entrada]:
    rows = uow.connection.execute(
        _EVENTS, {"tenant": uow.tenant_id, "lead": str(lead_id), "limit": LIMITE}
    ).all()
    for row in rows:
        event = Event(*row)
        detail = open_detail(uow, event)
        logs = detail.get("logs") or [{}]
        yield Entrada(
            event.occurred_at,
            "evento",
            f"{event.source}.{event.type}",
            {
                "evento_id": str(event.id),
                "decisao": logs[-1].get("decision", ""),
                "agente": logs[-1].get("agent", ""),
                "classificacao": detail.get("classification"),
                "proxima_acao": detail.get("proposed_action"),
                "metadata": detail.get("context", {}).get("metadata", {}),
            },
            event.trace_id,
        )


def _messages(uow: UnitOfWork, lead_id: UUID) -> Iterable[Entrada]:
    for row in uow.connection.execute(
        select(Interacao.__table__)
        .where(Interacao.tenant_id == uow.tenant_id, Interacao.lead_id == lead_id)
        .order_by(Interacao.created_at.desc())
        .limit(LIMITE)
    ):
        yield Entrada(
            row.created_at,
            "mensagem",
            f"mensagem {row.tipo} por {row.canal}",
            {
                "interacao_id": str(row.id),
                "mensagem": row.mensagem,
                "sentimento": row.sentimento,
                "intensidade": row.intensidade,
                "intent": row.intent,
                "descadastro": row.descadastro,
                "motivos": row.motivos,
            },
            row.trace_id,
        )


def _disparos(uow: UnitOfWork, lead_id: UUID) -> Iterable[Entrada]:
    for row in uow.connection.execute(
        select(Disparo.__table__)
        .where(Disparo.tenant_id == uow.tenant_id, Disparo.lead_id == lead_id)
        .order_by(Disparo.created_at.desc())
        .limit(LIMITE)
    ):
        yield Entrada(
            row.enviado_em or row.autorizado_em or row.created_at,
            "disparo",
            f"{row.tipo} por {row.canal}: {row.status}",
            {
                "disparo_id": str(row.id),
                "etapa": row.etapa,
                "variante": row.variante,
                "motivo": row.motivo,
                "verificacoes": row.verificacoes,
                "enviar_em": row.enviar_em.isoformat(),
            },
            row.trace_id,
        )


def _meetings(uow: UnitOfWork, lead_id: UUID) -> Iterable[Entrada]:
    for row in uow.connection.execute(
        select(Agendamento.__table__)
        .where(Agendamento.tenant_id == uow.tenant_id, Agendamento.lead_id == lead_id)
        .order_by(Agendamento.created_at.desc())
        .limit(LIMITE)
    ):
        yield Entrada(
            row.updated_at,
            "agendamento",
            f"reunião {row.status}",
            {"agendamento_id": str(row.id), "data_hora": row.data_hora.isoformat()},
            row.trace_id,
        )


def _audit(uow: UnitOfWork, lead_id: UUID) -> Iterable[Entrada]:
    for row in uow.connection.execute(
        select(AuditLog.__table__)
        .where(AuditLog.tenant_id == uow.tenant_id, AuditLog.alvo_id == lead_id)
        .order_by(AuditLog.created_at.desc())
        .limit(LIMITE)
    ):
        yield Entrada(
            row.created_at,
            "auditoria",
            row.action_type,
            {"ator": row.ator_tipo, "resultado": row.resultado, **row.detalhes},
            row.trace_id,
        )
