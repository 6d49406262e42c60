"""Which addresses a user's URL may name: public ones only (OWASP, "SSRF Prevention").

The name is looked up once and the connection goes to the very address that was checked, so that a
name server that answers otherwise the second time gains nothing. Numbers in any spelling (decimal,
octal, IPv6 with IPv4 inside) end as addresses, which is where they are judged.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from alquimista_sdk.errors import PermanentError, TransientError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_TRANSLATED = tuple(
    ipaddress.ip_network(net) for net in ("64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
_PORTS = {"https": (443, 8443), "http": (80, 8080)}
_LONGEST = 2_000


class UrlNaoPermitida(PermanentError):
    """The address is malformed, not HTTPS, or leads into a private network."""

    code = "url_nao_permitida"


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL: connect to ``address``, speak to ``host``."""

    scheme: str
    host: str
    port: int
    address: str
    path: str


@dataclass(frozen=True, slots=True)
class Policy:
    """``locais`` are literal addresses that may be called besides public ones, at any port and
    without TLS: for a receiver on this machine in the sandbox and in tests."""

    locais: frozenset[str] = frozenset()

    def allows(self, address: str) -> bool:
        """Whether a literal address may be called."""
        return address in self.locais or is_public(ipaddress.ip_address(address))


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, as the operating system has them.

    Raises:
        TransientError: the name cannot be looked up now, or does not exist.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise TransientError("the receiver's name cannot be looked up") from error
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def is_public(address: Address) -> bool:
    """Whether an address is of the public internet, also where an IPv4 one is packed in IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(address in net for net in _TRANSLATED) or address.is_site_local:
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def check_url(url: str, policy: Policy) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of a URL that may be registered; nothing is looked up.

    Raises:
        UrlNaoPermitida: see there.
    """
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise UrlNaoPermitida("O endereço não é válido.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UrlNaoPermitida("O endereço não é válido.") from error
    if parts.scheme not in _PORTS or not host or "\\" in url or "%" in host:
        raise UrlNaoPermitida("O endereço deve começar por https:// e ter um domínio.")
    if parts.username is not None or parts.password is not None:
        raise UrlNaoPermitida("O endereço não pode ter usuário nem senha.")
    if host in policy.locais:
        return parts.scheme, host, port or _PORTS[parts.scheme][0], _path(parts.path, parts.query)
    if parts.scheme != "https":
        raise UrlNaoPermitida("O endereço deve começar por https://.")
    if port is not None and port not in _PORTS["https"]:
        raise UrlNaoPermitida("A porta do endereço deve ser 443 ou 8443.")
    literal = _literal(host)
    if literal is not None and not is_public(literal):
        raise UrlNaoPermitida("O endereço leva a uma rede interna.")
    if literal is None and ("." not in host.strip(".") or host.endswith((".local", ".internal"))):
        raise UrlNaoPermitida("O endereço leva a uma rede interna.")
    return parts.scheme, host, port or 443, _path(parts.path, parts.query)


def resolve(url: str, policy: Policy, resolver: Resolver = system_resolver) -> Target:
    """Check a URL and look its name up, once; every address found must be allowed.

    Raises:
        UrlNaoPermitida: see there.
        TransientError: the name cannot be looked up.
    """
    scheme, host, port, path = check_url(url, policy)
    found = resolver(host, port)
    if not found:
        raise TransientError("the receiver's name has no address")
    for address in found:
        if not policy.allows(address.split("%")[0]):
            raise UrlNaoPermitida("O endereço leva a uma rede interna.")
    return Target(scheme, host, port, found[0], path)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        # What C libraries take for an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _path(path: str, query: str) -> str:
    return (path or "/") + (f"?{query}" if query else "")
