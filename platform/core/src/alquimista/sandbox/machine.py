"""What the sandbox shows only to whoever sits at its machine."""

from __future__ import annotations

from ipaddress import ip_address

from flask import request
from werkzeug.wrappers import Request

from alquimista.http.errors import AcessoNegado

_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")
_NAME = "localhost"


def require_own_machine() -> None:
    """Let nobody through but a direct caller of this machine.

    A proxy on this machine calls from here for everybody, and a page of the web may make a name of
    its own lead here (DNS rebinding): neither is one.

    Raises:
        AcessoNegado: the call comes from elsewhere.
    """
    if not is_own_machine(request):
        raise AcessoNegado("Isto só responde a quem está na própria máquina do sandbox.")


def is_own_machine(asked: Request) -> bool:
    """Whether a request was made on this machine, to this machine, by no go-between."""
    if any(name in asked.headers for name in _FORWARDED):
        return False
    host = asked.host.rpartition(":")[0] if _has_port(asked.host) else asked.host
    return _is_loopback(asked.remote_addr or "") and (
        host.lower() == _NAME or _is_loopback(host.strip("[]"))
    )


def _has_port(host: str) -> bool:
    return host.rpartition(":")[2].isdigit() and (host.count(":") == 1 or "]:" in host)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
