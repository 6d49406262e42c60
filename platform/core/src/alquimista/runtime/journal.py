"""Tool calls are journalled before and after: a retry of the event reuses a finished answer."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.base import table_of
from alquimista.runtime.cifra import SubjectKeys, seal, unseal
from alquimista.runtime.models import ChamadaFerramenta
from alquimista.runtime.run import Run

logger = logging.getLogger(__name__)
_CALLS = table_of(ChamadaFerramenta)
_CALL = ("tenant_id", "event_id", "agente", "ferramenta", "argumentos_hash")
_BEGIN = (
    insert(_CALLS)
    .on_conflict_do_update(
        constraint="uq_chamadas_ferramentas_chamada", set_={"status": _CALLS.c.status}
    )
    .returning(_CALLS.c.status, _CALLS.c.resposta)
)
"""A call that is known is locked as it stands, and answered."""
_FINISH = (
    update(_CALLS)
    .where(*(_CALLS.c[name] == bindparam(f"key_{name}") for name in _CALL))
    .values(status="concluida", resposta=bindparam("dada", type_=_CALLS.c.resposta.type))
)


class ToolCaller(Protocol):
    """Outside services by name; validates input and output."""

    def call(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call a tool."""

    def without_effects(self, name: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """What is answered instead of changing the world; None where the tool only reads."""


class RunTools:
    """``context.tools`` of one run."""

    def __init__(self, run: Run, registry: Callable[[Run], ToolCaller], keys: SubjectKeys) -> None:
        self._run = run
        self._registry = registry
        self._keys = keys

    def call(self, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a tool, or answer from the journal where this event has called it before."""
        run = self._run
        registry = self._registry(run)
        if run.event is None:
            return registry.call(name, dict(payload))
        lead_id = run.event.subject.id if run.event.subject.type == "lead" else None
        arguments = hashlib.sha256(
            json.dumps(payload, sort_keys=True, default=str, ensure_ascii=False).encode()
        ).hexdigest()
        known = self._begin(name, arguments, lead_id)
        if known is not None:
            return known
        if not run.effects:
            instead = registry.without_effects(name, dict(payload))
            if instead is not None:
                logger.info(
                    "tool not called: a replay without effects",
                    extra={"replay": run.replay, "tool": name, "trace_id": str(run.trace_id)},
                )
                return instead
        answer = registry.call(name, dict(payload))
        self._finish(name, arguments, lead_id, answer)
        return answer

    def _key(self, name: str, arguments: str) -> dict[str, Any]:
        event = self._run.event
        assert event is not None
        return {
            "tenant_id": self._run.tenant.id,
            "event_id": event.id,
            "agente": self._run.manifest.slug,
            "ferramenta": name,
            "argumentos_hash": arguments,
        }

    def _begin(self, name: str, arguments: str, lead_id: UUID | None) -> Mapping[str, Any] | None:
        with self._run.reading() as uow:
            row = uow.connection.execute(
                _BEGIN,
                {
                    **self._key(name, arguments),
                    "id": uuid4(),
                    "lead_id": lead_id,
                    "status": "iniciada",
                    "created_at": uow.agora,
                },
            ).one()
            if row.status != "concluida" or row.resposta is None:
                return None
            if lead_id is None:
                plain: Mapping[str, Any] = row.resposta
                return plain
            key = self._keys.key(uow.connection, uow.tenant_id, lead_id, create=False)
            if key is None:
                return None
            answer: Mapping[str, Any] = unseal(key, row.resposta["cifrado"], str(lead_id))
            return answer

    def _finish(
        self, name: str, arguments: str, lead_id: UUID | None, answer: Mapping[str, Any]
    ) -> None:
        with self._run.reading() as uow:
            stored: dict[str, Any] | None = dict(answer)
            if lead_id is not None:
                key = self._keys.key(uow.connection, uow.tenant_id, lead_id, create=True)
                stored = {"cifrado": seal(key, answer, str(lead_id))} if key is not None else None
            call = {f"key_{column}": value for column, value in self._key(name, arguments).items()}
            uow.connection.execute(_FINISH, {**call, "dada": stored})
