"""One run of an agent: what it may read, and the writes that wait for the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

from alquimista.db.session import Database, UnitOfWork
from alquimista_sdk.errors import DeadlineExceeded, PermanentError, ScopeDenied
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.manifest import Manifest
from alquimista_sdk.models import TenantFacts

Write = Callable[[UnitOfWork], None]


@dataclass(slots=True)
class Run:
    """A run has no open transaction: reads are short ones, writes are closures kept in order."""

    database: Database
    tenant: TenantFacts
    manifest: Manifest
    config: Mapping[str, Any]
    agora: datetime
    trace_id: UUID
    event: AgentEvent | None = None
    event_depth: int = 0
    depth: int = 0
    read_only: bool = False
    replay: str | None = None
    effects: bool = True
    deadline: float = float("inf")
    writes: list[Write] = field(default_factory=list)
    seen: dict[tuple[str, UUID], int] = field(default_factory=dict)
    bumps: dict[UUID, list[int]] = field(default_factory=dict)

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """A short transaction of the run's tenant.

        Raises:
            DeadlineExceeded: the agent's time-out has passed.
        """
        self.check_deadline()
        with self.database.unit_of_work(self.tenant.id) as uow:
            yield self.marked(uow)

    def check_deadline(self) -> None:
        """Stop an agent that runs past its time-out at its next call of the context."""
        if monotonic() > self.deadline:
            raise DeadlineExceeded(f"{self.manifest.name} ran past {self.manifest.timeout_s} s")

    def remember(self, table: str, row_id: UUID, versao: int) -> None:
        """Keep the version that was read; the first one counts."""
        self.seen.setdefault((table, row_id), versao)

    def version_of(self, table: str, row_id: UUID) -> int:
        """The version that a write is guarded by.

        Raises:
            PermanentError: the handler writes a row that it has not read.
        """
        try:
            return self.seen[(table, row_id)]
        except KeyError as error:
            raise PermanentError(f"{table} is written without being read first") from error

    def write(self, write: Write) -> None:
        """Keep a write for the commit."""
        if self.read_only:
            raise ScopeDenied("operations are read-only")
        self.writes.append(write)

    def new_id(self, name: str) -> UUID:
        """An id that is the same for every run of this event and ``name``."""
        namespace = self.event.id if self.event is not None else self.trace_id
        return uuid5(namespace, f"{self.manifest.slug}:{name}")

    def commit(self, uow: UnitOfWork) -> None:
        """Run the kept writes in order, inside the commit transaction."""
        marked = self.marked(uow)
        for write in self.writes:
            write(marked)

    def marked(self, uow: UnitOfWork) -> UnitOfWork:
        """The unit of work as this run's: a replay's effects stay inside the database."""
        if self.replay is None:
            return uow
        return replace(uow, replay=self.replay, effects=self.effects)
