"""One run of an agent on the twin: what was read, and the writes that wait for the commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from alquimista_sdk.errors import PermanentError, ScopeDenied
from alquimista_sdk.events import AgentEvent, Classification, Subject
from alquimista_sdk.manifest import Manifest
from alquimista_sdk.models import TenantFacts
from alquimista_sdk.testing.store import Store


class TwinNotPrepared(AssertionError):
    """The test did not say what an outside service answers. No agent should catch it."""


@dataclass(frozen=True, slots=True)
class PublishedEvent:
    """An event that a run published; ``channel`` is the source inside the detail's context."""

    id: UUID
    source: str
    type: str
    subject: Subject
    metadata: Mapping[str, Any]
    decision: str
    last_message: str = ""
    classification: Classification | None = None
    proposed_action: str | None = None
    channel: str = "web"

    @property
    def name(self) -> str:
        """``source.type``."""
        return f"{self.source}.{self.type}"


@dataclass(slots=True)
class Recording:
    """The mutable state behind a ``TwinContext``. Services of the twin share it."""

    manifest: Manifest
    tenant: TenantFacts
    store: Store
    now: datetime
    trace_id: UUID
    event: AgentEvent | None = None
    read_only: bool = False
    writes: list[Callable[[], None]] = field(default_factory=list)
    seen: dict[tuple[str, UUID], int] = field(default_factory=dict)
    bumps: dict[UUID, int] = field(default_factory=dict)
    published: list[PublishedEvent] = field(default_factory=list)

    def begin(self, event: AgentEvent | None, *, read_only: bool = False) -> None:
        """Start another run: nothing read, nothing kept."""
        self.event = event
        self.read_only = read_only
        if event is not None:
            self.trace_id = event.trace_id
        self.discard()

    def discard(self) -> None:
        """Forget the writes and the versions that were read."""
        self.writes.clear()
        self.seen.clear()
        self.bumps.clear()

    def remember(self, table: str, row_id: UUID, versao: int) -> None:
        """Keep the version that was read; the first one counts."""
        self.seen.setdefault((table, row_id), versao)

    def version_of(self, table: str, row_id: UUID) -> int:
        """The version that a write is guarded by.

        Raises:
            PermanentError: the handler writes a row that it has not read.
        """
        if (table, row_id) not in self.seen:
            raise PermanentError(f"{table} is written without being read first")
        return self.seen[(table, row_id)]

    def write(self, write: Callable[[], None]) -> None:
        """Keep a write for the commit. Raises ``ScopeDenied`` in an operation."""
        if self.read_only:
            raise ScopeDenied("operations are read-only")
        self.writes.append(write)

    def new_id(self, name: str) -> UUID:
        """An id that is the same for every run of this event and ``name``."""
        namespace = self.event.id if self.event is not None else self.trace_id
        return uuid5(namespace, f"{self.manifest.slug}:{name}")

    def commit(self) -> None:
        """Apply the kept writes in order; where one fails, none has happened."""
        before, published = self.store.snapshot(), list(self.published)
        try:
            for write in list(self.writes):
                versions = {lead_id: lead.versao for lead_id, lead in self.store.leads.items()}
                write()
                self._count_own_changes(versions)
        except BaseException:
            self.store.restore(before)
            self.published[:] = published
            raise
        finally:
            self.discard()

    def _count_own_changes(self, versions: Mapping[UUID, int]) -> None:
        """What this run changed of a lead must not look like somebody else's change."""
        for lead_id, lead in self.store.leads.items():
            raised = lead.versao - versions.get(lead_id, lead.versao)
            if raised:
                self.bumps[lead_id] = self.bumps.get(lead_id, 0) + raised


def as_json(value: Any, what: str) -> str:
    """The JSON of a value that leaves the agent, with sorted keys.

    Raises:
        PermanentError: it holds something that JSON has not, such as a UUID or a date.
    """
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PermanentError(f"{what} must be plain JSON: {error}") from error
