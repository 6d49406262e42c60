"""Asking for outbound messages: rows, keys and timers. Only the sender sends them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, select, text, update
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.base import table_of
from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.disparos.models import Disparo
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import NewEvent
from alquimista.runtime.topology import TIMER_SOURCE
from alquimista_sdk.events import EventContext, FractalDetail, Subject
from alquimista_sdk.models import Anexo
from alquimista_sdk.models import Disparo as DisparoData

logger = logging.getLogger(__name__)
TIMER = "disparo"
_DISPAROS = table_of(Disparo)
_INSERT = (
    insert(_DISPAROS)
    .on_conflict_do_nothing(constraint="uq_disparos_chave")
    .returning(_DISPAROS.c.id)
)
_CANCEL = text(
    """
    UPDATE nigredo_leads.disparos
    SET status = 'cancelado', motivo = :motivo, versao = versao + 1
    WHERE tenant_id = :tenant AND lead_id = :lead AND status = 'planejado'
      AND (:todos OR tipo = ANY(CAST(:tipos AS text[])))
    RETURNING id
    """
)
_READ = tuple(getattr(Disparo, item.name) for item in fields(DisparoData))


def request(
    ports: Ports,
    uow: UnitOfWork,
    *,
    tipo: str,
    canal: str,
    mensagem: str,
    chave: str,
    trace_id: UUID,
    enviar_em: datetime | None = None,
    assunto: str = "",
    lead_id: UUID | None = None,
    campanha_id: UUID | None = None,
    etapa: str | None = None,
    tentativa: int = 0,
    variante: str | None = None,
    destinatarios: Sequence[str] | None = None,
    anexos: Sequence[Anexo] = (),
    token_conversa: int | None = None,
) -> UUID | None:
    """Plan one message; None where its key was used before.

    Without ``enviar_em`` it goes to the sender at once; otherwise a timer brings it there. A replay
    without effects plans nothing, and says so in the log.
    """
    if not uow.effects:
        logger.info(
            "message not planned: a replay without effects",
            extra={"replay": uow.replay, "tipo": tipo, "canal": canal, "trace_id": str(trace_id)},
        )
        return None
    disparo_id = uuid4()
    stored = [_store_file(ports, uow, disparo_id, anexo) for anexo in anexos]
    inserted = uow.connection.execute(
        _INSERT,
        {
            "id": disparo_id,
            "tenant_id": uow.tenant_id,
            "tipo": tipo,
            "canal": canal,
            "mensagem": mensagem,
            "assunto": assunto,
            "chave_idempotencia": chave,
            "status": "planejado",
            "enviar_em": enviar_em or uow.agora,
            "trace_id": trace_id,
            "created_at": uow.agora,
            "lead_id": lead_id,
            "campanha_id": campanha_id,
            "etapa": etapa,
            "tentativa": tentativa,
            "variante": variante,
            "destinatarios": list(destinatarios) if destinatarios is not None else None,
            "anexos": stored,
            "token_conversa": token_conversa,
            "verificacoes": [],
            "adiamentos": 0,
        },
    ).one_or_none()
    if inserted is None:
        reopened = _reopen(uow, chave, mensagem, assunto, enviar_em)
        if reopened is None:
            return None
        disparo_id = reopened
    if enviar_em is not None:
        ports.timers.schedule(uow.connection, uow.tenant_id, enviar_em, TIMER, disparo_id)
    else:
        ports.publisher.publish(uow, [_due(uow, disparo_id, trace_id)])
    return disparo_id


def cancel_pending(
    ports: Ports, uow: UnitOfWork, lead_id: UUID, motivo: str, *, tipos: Sequence[str] = ()
) -> int:
    """Cancel what is planned for a lead (of some kinds, or all); answers how many."""
    cancelled = uow.connection.execute(
        _CANCEL,
        {
            "tenant": uow.tenant_id,
            "lead": lead_id,
            "motivo": motivo,
            "todos": not tipos,
            "tipos": list(tipos),
        },
    ).scalars()
    ids = list(cancelled)
    for disparo_id in ids:
        ports.timers.cancel(uow.connection, uow.tenant_id, TIMER, disparo_id)
    return len(ids)


def cancel_campaign(ports: Ports, uow: UnitOfWork, campanha_id: UUID, motivo: str) -> int:
    """Take back what is planned for a campaign; planning the same message reopens it."""
    ids = list(
        uow.connection.execute(
            update(Disparo)
            .where(*_planned(uow, campanha_id))
            .values(status="cancelado", motivo=motivo, versao=Disparo.versao + 1)
            .returning(Disparo.id)
        ).scalars()
    )
    for disparo_id in ids:
        ports.timers.cancel(uow.connection, uow.tenant_id, TIMER, disparo_id)
    return len(ids)


def hold_campaign(ports: Ports, uow: UnitOfWork, campanha_id: UUID) -> int:
    """Stop the timers of a paused campaign; its messages stay planned."""
    ids = list(
        uow.connection.execute(select(Disparo.id).where(*_planned(uow, campanha_id))).scalars()
    )
    for disparo_id in ids:
        ports.timers.cancel(uow.connection, uow.tenant_id, TIMER, disparo_id)
    return len(ids)


def release_campaign(ports: Ports, uow: UnitOfWork, campanha_id: UUID) -> int:
    """Set the timers of a resumed campaign again; what is overdue becomes due now."""
    rows = uow.connection.execute(
        select(Disparo.id, Disparo.enviar_em).where(*_planned(uow, campanha_id))
    ).all()
    for row in rows:
        due = max(row.enviar_em, uow.agora)
        ports.timers.schedule(uow.connection, uow.tenant_id, due, TIMER, row.id)
    return len(rows)


def by_lead(uow: UnitOfWork, lead_id: UUID) -> tuple[DisparoData, ...]:
    """The messages planned or sent to a lead, oldest first."""
    return _select(uow, Disparo.lead_id == lead_id)


def by_campanha(uow: UnitOfWork, campanha_id: UUID) -> tuple[DisparoData, ...]:
    """The messages planned or sent for a campaign, oldest first."""
    return _select(uow, Disparo.campanha_id == campanha_id)


def _select(uow: UnitOfWork, condition: ColumnElement[bool]) -> tuple[DisparoData, ...]:
    rows = uow.connection.execute(
        select(*_READ)
        .where(Disparo.tenant_id == uow.tenant_id, condition)
        .order_by(Disparo.created_at, Disparo.id)
    ).all()
    return tuple(DisparoData(**row._mapping) for row in rows)


def mark_status(uow: UnitOfWork, canal: str, provider_id: str, status: str) -> UUID | None:
    """A channel's report on a sent message (entregue, lido, falhou); only forwards."""
    order = {"enviado": 0, "entregue": 1, "lido": 2, "falhou": 3}
    row = uow.connection.execute(
        select(Disparo.id, Disparo.status).where(
            Disparo.tenant_id == uow.tenant_id,
            Disparo.provider_id == provider_id,
            Disparo.canal == canal,
        )
    ).one_or_none()
    if row is None or order.get(status, -1) <= order.get(row.status, -1):
        return None
    moments: dict[str, Any] = {"status": status, "versao": Disparo.versao + 1}
    if status in ("entregue", "lido"):
        moments[f"{status}_em"] = uow.agora
    uow.connection.execute(
        update(Disparo)
        .where(Disparo.tenant_id == uow.tenant_id, Disparo.id == row.id)
        .values(**moments)
    )
    found: UUID = row.id
    return found


def _planned(uow: UnitOfWork, campanha_id: UUID) -> tuple[Any, ...]:
    return (
        Disparo.tenant_id == uow.tenant_id,
        Disparo.campanha_id == campanha_id,
        Disparo.status == "planejado",
    )


def _reopen(
    uow: UnitOfWork, chave: str, mensagem: str, assunto: str, enviar_em: datetime | None
) -> UUID | None:
    """A message taken back because its campaign was edited may be planned anew, once."""
    reopened: UUID | None = uow.connection.execute(
        update(Disparo)
        .where(
            Disparo.tenant_id == uow.tenant_id,
            Disparo.chave_idempotencia == chave,
            Disparo.status == "cancelado",
            Disparo.motivo == "campanha_editada",
        )
        .values(
            status="planejado",
            motivo=None,
            mensagem=mensagem,
            assunto=assunto,
            enviar_em=enviar_em or uow.agora,
            versao=Disparo.versao + 1,
        )
        .returning(Disparo.id)
    ).scalar_one_or_none()
    return reopened


def _due(uow: UnitOfWork, disparo_id: UUID, trace_id: UUID) -> NewEvent:
    return NewEvent(
        source=TIMER_SOURCE,
        type=TIMER,
        detail=FractalDetail(
            subject=Subject("tenant", uow.tenant_id),
            context=EventContext(metadata={"ref_id": str(disparo_id)}),
        ),
        trace_id=trace_id,
    )


def _store_file(ports: Ports, uow: UnitOfWork, disparo_id: UUID, anexo: Anexo) -> dict[str, str]:
    key = f"anexos/{disparo_id}/{uuid4()}"
    ports.files.put(uow.tenant_id, key, anexo.conteudo)
    return {"nome": anexo.nome, "tipo_mime": anexo.tipo_mime, "chave": key}
