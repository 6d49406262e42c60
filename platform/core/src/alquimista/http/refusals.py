"""What was refused to a known caller, where the account's administrators would want to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from alquimista.http.services import services
from alquimista.plataforma.audit.seldom import record_seldom
from alquimista_sdk.errors import AlquimistaError

if TYPE_CHECKING:
    from alquimista.plataforma.identity.service import Principal


SUSPEITAS = frozenset({"chave_idempotencia_reutilizada", "url_nao_permitida", "arquivo_suspeito"})
"""Codes of refusals that a mistake seldom causes: a key sent again with another request, an address
that leads into a private network, a file that grows without end when it is opened."""


def note_suspicion(caller: Principal, error: AlquimistaError) -> None:
    """Audit a refusal that may be an attack, at most once an hour for each caller and endpoint.

    Nothing of what was sent is kept: neither the key, nor the address, nor the file.
    """
    if error.code not in SUSPEITAS:
        return
    detalhes = {"codigo": error.code, "endpoint": _endpoint()}
    with services().database.unit_of_work(caller.tenant_id) as uow:
        record_seldom(
            uow, caller.ator, "requisicao.suspeita", resultado="recusado", detalhes=detalhes
        )


def _endpoint() -> str:
    rule = request.url_rule.rule if request.url_rule is not None else request.path
    return f"{request.method} {rule}"


def note_refusal(caller: Principal, permission: str) -> None:
    """Audit, as seldom as a suspicion, that ``caller`` asked for what its access excludes."""
    detalhes = {"permissao": permission, "endpoint": _endpoint()}
    with services().database.unit_of_work(caller.tenant_id) as uow:
        record_seldom(uow, caller.ator, "acesso.negado", resultado="recusado", detalhes=detalhes)
