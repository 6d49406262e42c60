"""A refused permission leaves a trace that the account's administrators can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from alquimista.http.services import services
from alquimista.plataforma.audit.service import record

if TYPE_CHECKING:
    from alquimista.plataforma.identity.service import Principal


def note_refusal(caller: Principal, permission: str) -> None:
    """Audit that ``caller`` asked for what its access does not include."""
    rule = request.url_rule.rule if request.url_rule is not None else request.path
    with services().database.unit_of_work(caller.tenant_id) as uow:
        record(
            uow,
            caller.ator,
            "acesso.negado",
            resultado="recusado",
            detalhes={"permissao": permission, "endpoint": f"{request.method} {rule}"},
        )
