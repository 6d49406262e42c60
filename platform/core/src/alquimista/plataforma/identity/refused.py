"""Attempts to come in that came to nothing, in the audit of the account that they were aimed at.

What names nobody's account is counted (``attempts``) and noted nowhere: there is no one to tell.
While a door is shut nothing more is noted, so that guesses cannot fill an account's audit: an
address has twenty attempts an hour, whoever makes them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.audit.service import SISTEMA, record
from alquimista.plataforma.identity import trail
from alquimista.plataforma.identity.attempts import Attempts

LOGIN_RECUSADO = "login_recusado"
LOGIN_BLOQUEADO = "login_bloqueado"
PISO_S = 0.1
"""What noting a refused login takes at least, whether or not there is an account to note it in:
longer than its work, so that its time tells nothing."""
_RECUSADO = "recusado"


def masked(address: str) -> str:
    """An e-mail address by its first letter and its domain: enough for its owner to know it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}" if local else "***"


def login(database: Database, found: Row[Any], address: str, gates: Mapping[str, int]) -> None:
    """Note a refused login in the person's first tenant, and the wait that it brought about.

    ``found`` is what ``Attempts.take_and_find`` answered.
    """
    started = time.monotonic()
    if found.tenant_id is not None:
        with database.unit_of_work(found.tenant_id) as uow:
            _note(uow, found.user_id, LOGIN_RECUSADO, gates, email=masked(address))
    time.sleep(max(0.0, PISO_S - (time.monotonic() - started)))


def proof(database: Database, user_id: UUID, action_type: str, gates: Mapping[str, int]) -> None:
    """Note that a known person's code or present password was given wrongly."""
    with database.anonymous() as connection:
        uow = trail.joined(database, connection, user_id)
        if uow is not None:
            _note(uow, user_id, action_type, gates)


def _note(
    uow: UnitOfWork, user_id: UUID, action_type: str, gates: Mapping[str, int], **detalhes: str
) -> None:
    target: dict[str, Any] = {"alvo_tipo": "usuario", "alvo_id": user_id, "resultado": _RECUSADO}
    record(uow, SISTEMA, action_type, detalhes=detalhes, **target)
    wait = Attempts.closed(uow.connection, gates)
    if wait:
        told = {**detalhes, "espera_segundos": wait}
        record(uow, SISTEMA, LOGIN_BLOQUEADO, detalhes=told, **target)
