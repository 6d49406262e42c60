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

from alquimista.db.session import Database
from alquimista.plataforma.chamadas.opening import open_call

WINDOW_SECONDS = 60
_BATCHES = 20
_KEPT_WINDOWS = 10_000


@dataclass(frozen=True, slots=True)
class Uso:
    """The answer to one request: let through or not, and what the headers tell."""

    livre: bool
    limite: int
    restam: int
    renova_em: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What this process can say of one request by itself; None: a batch is to be taken first.

    ``own`` is of the caller, ``shared`` of its tenant; the batches are 0 where none is to be taken.
    """

    window: int
    resets: int
    own: Uso | None
    shared: Uso | None
    own_batch: int
    shared_batch: int

    @property
    def refused(self) -> Uso | None:
        """The answer, where it is known to be no."""
        return next((uso for uso in (self.own, self.shared) if uso and not uso.livre), None)

    @property
    def asks(self) -> bool:
        """Whether a batch is to be taken."""
        return self.own_batch > 0 or self.shared_batch > 0


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
        claim = self.claim(tenant_id, who)
        if claim.refused or not claim.asks:
            return self.settle(tenant_id, who, claim, None, None)
        row = open_call(self._database, tenant_id, who, claim)
        return self.settle(tenant_id, who, claim, row.used_own, row.used_shared)

    def claim(self, tenant_id: UUID, who: UUID) -> Claim:
        """Spend one request of what this process took, or say how many are to be taken."""
        now = self._clock()
        window = int(now // WINDOW_SECONDS)
        resets = int((window + 1) * WINDOW_SECONDS - now) + 1
        own = self._spend((tenant_id, who), self._por_chamador, window, resets)
        refused = own is not None and not own.livre
        shared = (
            None
            if refused
            else self._spend((tenant_id, tenant_id), self._por_conta, window, resets)
        )
        return Claim(
            window,
            resets,
            own,
            shared,
            0 if own else max(1, self._por_chamador // _BATCHES),
            0 if shared or refused else max(1, self._por_conta // _BATCHES),
        )

    def settle(
        self,
        tenant_id: UUID,
        who: UUID,
        claim: Claim,
        used_own: int | None,
        used_shared: int | None,
    ) -> Uso:
        """The answer, once the claim's batches were taken.

        What was used of a window counts the batch. A process whose clock is behind takes from the
        window that the others are in.
        """
        if claim.refused:
            return claim.refused
        own = claim.own or self._granted(
            (tenant_id, who), self._por_chamador, claim, claim.own_batch, used_own or 0
        )
        shared = claim.shared or self._granted(
            (tenant_id, tenant_id), self._por_conta, claim, claim.shared_batch, used_shared or 0
        )
        return own if not own.livre or (shared.livre and own.restam <= shared.restam) else shared

    def _spend(self, key: tuple[UUID, UUID], limit: int, window: int, resets: int) -> Uso | None:
        with self._lock:
            share = self._shares.get(key)
            if share is None or share.window != window:
                return None
            if share.left > 0:
                share.left -= 1
                return Uso(True, limit, share.restam + share.left, resets)
            return Uso(False, limit, 0, resets) if share.restam == 0 else None

    def _granted(
        self, key: tuple[UUID, UUID], limit: int, claim: Claim, batch: int, used: int
    ) -> Uso:
        granted, rest = max(0, min(batch, limit - (used - batch))), max(0, limit - used)
        with self._lock:
            if len(self._shares) > _KEPT_WINDOWS:
                self._shares = {k: s for k, s in self._shares.items() if s.window == claim.window}
            share = self._shares.get(key)
            if share is None or share.window != claim.window:
                share = self._shares[key] = _Share(claim.window, 0, rest)
            share.left += granted
            share.restam = rest
            if share.left == 0:
                return Uso(False, limit, 0, claim.resets)
            share.left -= 1
            return Uso(True, limit, rest + share.left, claim.resets)
