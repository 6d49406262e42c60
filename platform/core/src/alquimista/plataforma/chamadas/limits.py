"""Limits of use: so many requests a minute for each caller and for each tenant.

Counted in fixed windows of one minute, shared by all processes through the database. A process
takes requests from the shared counter in small batches and spends them by itself, so that most
requests ask no database. No window ever lets more through than its limit; what a process took and
did not spend is lost to the others for that minute (at most a twentieth of the limit each).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from alquimista.db.session import Database

WINDOW_SECONDS = 60
_BATCHES = 20
_KEPT_WINDOWS = 10_000
_TAKE = text(
    "INSERT INTO alquimista_platform.limites_api AS l (tenant_id, id, janela, usados) "
    "VALUES (:tenant, :who, :window, :batch) "
    "ON CONFLICT (tenant_id, id) DO UPDATE SET janela = greatest(l.janela, excluded.janela), "
    "usados = CASE WHEN l.janela < excluded.janela THEN excluded.usados "
    "ELSE least(l.usados, 1000000000) + excluded.usados END, versao = 1 "
    "RETURNING usados"
)


@dataclass(frozen=True, slots=True)
class Uso:
    """The answer to one request: let through or not, and what the headers tell."""

    livre: bool
    limite: int
    restam: int
    renova_em: int


@dataclass(slots=True)
class _Share:
    """What this process took of a window; ``restam`` is what the window still had then."""

    window: int
    left: int
    restam: int


class UseLimits:
    """Counts requests; one per process."""

    def __init__(
        self,
        database: Database,
        por_chamador: int,
        por_conta: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._por_chamador = por_chamador
        self._por_conta = por_conta
        self._clock = clock
        self._shares: dict[tuple[UUID, UUID], _Share] = {}
        self._lock = threading.Lock()

    def use(self, tenant_id: UUID, who: UUID) -> Uso:
        """Count one request of a caller and of its tenant; the tighter answer wins."""
        own = self._count(tenant_id, who, self._por_chamador)
        if not own.livre:
            return own
        shared = self._count(tenant_id, tenant_id, self._por_conta)
        return own if shared.livre and own.restam <= shared.restam else shared

    def _count(self, tenant_id: UUID, who: UUID, limit: int) -> Uso:
        now = self._clock()
        window = int(now // WINDOW_SECONDS)
        resets = int((window + 1) * WINDOW_SECONDS - now) + 1
        with self._lock:
            share = self._shares.get((tenant_id, who))
            if share is not None and share.window == window:
                if share.left > 0:
                    share.left -= 1
                    return Uso(True, limit, share.restam + share.left, resets)
                if share.restam == 0:
                    return Uso(False, limit, 0, resets)
        taken, rest = self._take(tenant_id, who, window, limit)
        with self._lock:
            if len(self._shares) > _KEPT_WINDOWS:
                self._shares = {k: s for k, s in self._shares.items() if s.window == window}
            share = self._shares.get((tenant_id, who))
            if share is None or share.window != window:
                share = self._shares[(tenant_id, who)] = _Share(window, 0, rest)
            share.left += taken
            share.restam = rest
            if share.left == 0:
                return Uso(False, limit, 0, resets)
            share.left -= 1
            return Uso(True, limit, rest + share.left, resets)

    def _take(self, tenant_id: UUID, who: UUID, window: int, limit: int) -> tuple[int, int]:
        """A batch of the shared window: how many were granted, how many it has left.

        A process whose clock is behind takes from the window that the others are in.
        """
        batch = max(1, limit // _BATCHES)
        with self._database.unit_of_work(tenant_id) as uow:
            used: int = uow.connection.execute(
                _TAKE, {"tenant": tenant_id, "who": who, "window": window, "batch": batch}
            ).scalar_one()
        before = used - batch
        granted = max(0, min(batch, limit - before))
        return granted, max(0, limit - used)
