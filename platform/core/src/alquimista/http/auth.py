"""Who calls, and what each endpoint asks for: a permission by name, or a reason to be public."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flask import g, request

from alquimista.http.errors import AcessoNegado, NaoAutenticado
from alquimista.http.idempotent import once, read_pedido
from alquimista.http.refusals import note_refusal, note_suspicion
from alquimista.http.services import services
from alquimista.http.throttle import throttle
from alquimista.plataforma.identity.errors import SegundoFatorExigido
from alquimista_sdk.errors import AlquimistaError

if TYPE_CHECKING:
    from alquimista.plataforma.identity.service import Principal

View = TypeVar("View", bound=Callable[..., Any])
PERMISSION = "required_permission"
PUBLIC = "public_reason"
_FACTOR = "Esta conta exige verificação em duas etapas. Ative-a e entre com um código."


def requires(permission: str) -> Callable[[View], View]:
    """Let a view run only for callers that hold ``permission``; stands right under the route."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            caller = _authenticate()
            permitted = permission in caller.permissoes
            pedido, found = throttle(caller, lambda: read_pedido(caller) if permitted else None)
            if not permitted:
                if caller.falta_fator:
                    raise SegundoFatorExigido(_FACTOR)
                note_refusal(caller, permission)
                raise AcessoNegado(f"Seu acesso não inclui a permissão {permission}.")
            g.principal = caller
            try:
                return once(caller, lambda: view(*args, **kwargs), pedido, found)
            except AlquimistaError as error:
                note_suspicion(caller, error)
                raise

        setattr(checked, PERMISSION, permission)
        return cast(View, checked)

    return decorate


def public(reason: str) -> Callable[[View], View]:
    """Mark a view that anybody may call, and say why."""

    def decorate(view: View) -> View:
        setattr(view, PUBLIC, reason)
        return view

    return decorate


def principal() -> Principal:
    """Who calls; only inside a view that ``requires`` a permission."""
    return cast("Principal", g.principal)


def _authenticate() -> Principal:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credential.strip():
        raise NaoAutenticado("Envie o cabeçalho Authorization: Bearer com seu token ou chave.")
    identity = services().identity
    credential = credential.strip()
    if credential.startswith("alq_"):
        return identity.authenticate_key(credential)
    return identity.authenticate(credential, request.headers.get("X-Tenant"))
