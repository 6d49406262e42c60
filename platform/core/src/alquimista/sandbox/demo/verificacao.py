"""What must hold after a demo: read from the database as the owner, not from what was promised."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, create_engine, text

from alquimista.prospeccao.disparos.horario import dia_util, fuso_do_lead
from fibonacci_bus.event import Event
from fibonacci_bus.topology import Topology

_SENT = text(
    """
    SELECT d.id, d.autorizado_em, d.tipo, d.lead_id, l.telefone, l.uf
    FROM nigredo_leads.disparos d
    LEFT JOIN nigredo_leads.leads l ON l.tenant_id = d.tenant_id AND l.id = d.lead_id
    WHERE d.tenant_id = :tenant AND d.tipo = 'prospeccao' AND d.autorizado_em IS NOT NULL
    ORDER BY d.autorizado_em
    """
)
_AFTER_OPT_OUT = text(
    """
    SELECT count(*) FROM nigredo_leads.disparos d
    JOIN nigredo_leads.blocklist b ON b.tenant_id = d.tenant_id AND b.lead_id = d.lead_id
    WHERE d.tenant_id = :tenant AND d.autorizado_em > b.created_at AND d.tipo <> 'confirmacao'
      AND b.motivo IN ('descadastro', 'esquecimento')
    """
)
_TWICE = text(
    """
    SELECT count(*) FROM (
        SELECT disparo_id FROM alquimista_platform.sandbox_mensagens
        WHERE tenant_id = :tenant AND disparo_id IS NOT NULL AND canal IN ('email', 'whatsapp')
        GROUP BY disparo_id, destinatario HAVING count(*) > 1) AS twice
    """
)
_NOT_ARRIVED = text(
    """
    SELECT count(*) FROM nigredo_leads.disparos d
    WHERE d.tenant_id = :tenant AND d.status IN ('enviado', 'entregue', 'lido')
      AND NOT EXISTS (SELECT 1 FROM alquimista_platform.sandbox_mensagens m
                      WHERE m.tenant_id = d.tenant_id AND m.disparo_id = d.id)
    """
)
_EVENTS = text(
    """
    SELECT id, source, type, detail, tenant_id, trace_id, occurred_at, ordering_key,
           causation_id, depth
    FROM fibonacci_core.events WHERE tenant_id = :tenant
    """
)


@dataclass(frozen=True, slots=True)
class Conferencia:
    """One check: its name for people, and what is wrong (empty where all is well)."""

    nome: str
    falha: str = ""

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return not self.falha


def check(
    owner_dsn: str, topology: Topology, tenant_id: UUID, *, por_hora: int, por_dia: int
) -> list[Conferencia]:
    """Run every check on one tenant."""
    engine = create_engine(owner_dsn)
    try:
        with engine.connect() as connection:
            sent = connection.execute(_SENT, {"tenant": tenant_id}).all()
            moments = [row.autorizado_em for row in sent]
            return [
                _booked(connection, tenant_id),
                _hours(sent),
                _windows(moments, por_hora, por_dia),
                _count(connection, _AFTER_OPT_OUT, tenant_id, "ninguém recebeu após descadastro"),
                _count(connection, _TWICE, tenant_id, "nenhuma mensagem saiu duas vezes"),
                _count(connection, _NOT_ARRIVED, tenant_id, "toda mensagem enviada chegou"),
                _lost(connection, topology, tenant_id),
                _dead(connection, tenant_id),
            ]
    finally:
        engine.dispose()


def _booked(connection: Connection, tenant_id: UUID) -> Conferencia:
    count = connection.execute(
        text(
            "SELECT count(*) FROM nigredo_leads.agendamentos "
            "WHERE tenant_id = :tenant AND status IN ('confirmado', 'realizado')"
        ),
        {"tenant": tenant_id},
    ).scalar_one()
    nome = f"reuniões marcadas: {count}"
    return Conferencia(nome, "" if count else "nenhuma reunião foi marcada")


def _hours(sent: Iterable[Any]) -> Conferencia:
    wrong = 0
    for row in sent:
        zone = ZoneInfo(fuso_do_lead(row.telefone, row.uf, "America/Sao_Paulo"))
        local = row.autorizado_em.astimezone(zone)
        if not (8 <= local.hour < 18 and dia_util(local.date(), row.uf)):
            wrong += 1
    return Conferencia(
        "envios no horário comercial do lead", f"{wrong} envios fora" if wrong else ""
    )


def _windows(moments: list[datetime], por_hora: int, por_dia: int) -> Conferencia:
    worst_hour = _most_within(moments, timedelta(hours=1))
    worst_day = _most_within(moments, timedelta(hours=24))
    close = sum(
        1
        for earlier, later in itertools.pairwise(moments)
        if later - earlier < timedelta(seconds=2)
    )
    nome = f"limites: no máximo {worst_hour} em 1 h, {worst_day} em 24 h"
    if worst_hour > por_hora or worst_day > por_dia or close:
        return Conferencia(nome, f"acima de {por_hora}/{por_dia}, ou {close} sem pausa de 2 s")
    return Conferencia(nome)


def _most_within(moments: list[datetime], window: timedelta) -> int:
    """The most moments in any half-open window of that length."""
    most = start = 0
    for end, moment in enumerate(moments):
        while moment - moments[start] >= window:
            start += 1
        most = max(most, end - start + 1)
    return most


def _count(connection: Connection, query: Any, tenant_id: UUID, nome: str) -> Conferencia:
    wrong = connection.execute(query, {"tenant": tenant_id}).scalar_one()
    return Conferencia(nome, f"{wrong} casos" if wrong else "")


def _lost(connection: Connection, topology: Topology, tenant_id: UUID) -> Conferencia:
    """Every event was handled by every queue that its rules name, and nothing waits."""
    done = {
        (row.event_id, row.consumer)
        for row in connection.execute(
            text(
                "SELECT event_id, consumer FROM fibonacci_core.inbox "
                "WHERE tenant_id = :tenant AND status = 'done'"
            ),
            {"tenant": tenant_id},
        )
    }
    dead = {
        (row.event_id, row.queue)
        for row in connection.execute(
            text(
                "SELECT event_id, queue FROM fibonacci_core.dead_letters WHERE tenant_id = :tenant"
            ),
            {"tenant": tenant_id},
        )
    }
    expected: set[tuple[UUID, str]] = set()
    for row in connection.execute(_EVENTS, {"tenant": tenant_id}):
        event = Event(*row)
        expected.update((event.id, queue) for queue in topology.queues_for(event))
    waiting = connection.execute(
        text("SELECT count(*) FROM fibonacci_core.queue_messages WHERE tenant_id = :tenant"),
        {"tenant": tenant_id},
    ).scalar_one()
    missing = len(expected - done - dead)
    nome = f"entregas de eventos: {len(expected)}, todas tratadas uma vez"
    return Conferencia(nome, f"{missing} perdidas, {waiting} na fila" if missing or waiting else "")


def _dead(connection: Connection, tenant_id: UUID) -> Conferencia:
    rows = connection.execute(
        text(
            "SELECT queue, error_text FROM fibonacci_core.dead_letters "
            "WHERE tenant_id = :tenant AND redriven_at IS NULL LIMIT 3"
        ),
        {"tenant": tenant_id},
    ).all()
    falha = "; ".join(f"{row.queue}: {row.error_text[:120]}" for row in rows)
    return Conferencia("nenhuma mensagem morta", falha)
