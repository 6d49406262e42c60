"""Roles, permissions and scopes: who may do what (decision 27).

A permission is ``<subject>:<verb>``. A scope of a machine's key is a permission, or a permission
narrowed by a third part: ``events:publish:crm.acme`` publishes that source,
``events:publish:crm.*`` every source that starts with ``crm.``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from alquimista.plataforma.audit.service import Ator
from alquimista.plataforma.identity.errors import EscopoInvalido
from alquimista.plataforma.identity.port import Credencial

PAPEL_CHAVE = "chave"
CONTA = "conta:read"
PROPRIO = "conta:proprio"
"""One's own access: password, sessions, second factor. People only; it cannot be granted."""
PAPEIS = ("admin", "manager", "operator", "viewer")
PUBLICAR = "events:publish"
TIMER_SOURCE = "alquimista.timer"
CORE_SOURCES = "alquimista."
_LEITURA = frozenset({PROPRIO}) | frozenset(
    f"{subject}:read"
    for subject in (
        "agendamentos",
        "agents",
        "campanhas",
        "conhecimento",
        "conta",
        "conversas",
        "disparos",
        "events",
        "leads",
        "relatorios",
        "sandbox",
    )
)
_PAINEIS = frozenset(
    {
        CONTA,
        PROPRIO,
        "agendamentos:read",
        "campanhas:read",
        "events:read",
        "leads:read",
        "relatorios:read",
    }
)
_GERENCIA = _LEITURA | frozenset(
    {
        "agendamentos:write",
        "agents:write",
        "aprovacoes:read",
        "aprovacoes:write",
        "campanhas:approve",
        "campanhas:write",
        "conhecimento:write",
        "conversas:atender",
        "dead_letters:read",
        "finalidades:read",
        "leads:export",
        "leads:write",
        "operations:call",
        "relatorios:write",
        "sandbox:use",
        "sandbox:write",
    }
)
TODAS = _GERENCIA | frozenset(
    {
        PUBLICAR,
        "audit:read",
        "chaves:read",
        "chaves:write",
        "dead_letters:redrive",
        "finalidades:write",
        "leads:erase",
        "leads:reabilitar",
        "tenants:read",
        "tenants:write",
        "titulares:read",
        "titulares:write",
        "tools:call",
        "tools:read",
        "tools:write",
        "usuarios:read",
        "usuarios:write",
        "webhooks:read",
        "webhooks:write",
    }
)
"""Every permission there is."""
GRANTABLE = TODAS - {PROPRIO}
"""What may be granted to a person or given to a key."""
PERMISSOES: Mapping[str, frozenset[str]] = {
    "admin": TODAS,
    "manager": _GERENCIA,
    "operator": _PAINEIS,
    "viewer": _LEITURA,
}
"""Role → its permissions. Granular grants of an admin add to them."""
_ESCOPOS_DO_PAPEL: Mapping[str, frozenset[str]] = {"admin": frozenset({f"{PUBLICAR}:*"})}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a person (``user_id``) in one tenant, or a machine's key (``api_key_id``).

    ``falta_fator`` says that the tenant asks for a second factor that the session has not shown:
    such a person reaches only what is their own.
    """

    tenant_id: UUID
    papel: str
    permissoes: frozenset[str]
    escopos: frozenset[str] = frozenset()
    user_id: UUID | None = None
    api_key_id: UUID | None = None
    credencial: Credencial | None = None
    falta_fator: bool = False

    @property
    def ator(self) -> Ator:
        """The caller as the audit log names it."""
        if self.user_id is not None:
            return Ator("pessoa", str(self.user_id))
        return Ator("chave", str(self.api_key_id))


def of_person(
    tenant_id: UUID,
    user_id: UUID,
    papel: str,
    concedidos: Iterable[str],
    *,
    credencial: Credencial | None = None,
    falta_fator: bool = False,
) -> Principal:
    """A person's rights: the role's and what was granted beyond them. An unknown role has none."""
    granted = frozenset(concedidos)
    permissoes = PERMISSOES.get(papel, frozenset()) | _permissions_of(granted)
    escopos = _ESCOPOS_DO_PAPEL.get(papel, frozenset()) | granted
    return Principal(
        tenant_id=tenant_id,
        papel=papel,
        permissoes=permissoes & {CONTA, PROPRIO} if falta_fator else permissoes,
        escopos=frozenset() if falta_fator else escopos,
        user_id=user_id,
        credencial=credencial,
        falta_fator=falta_fator,
    )


def of_key(tenant_id: UUID, api_key_id: UUID, escopos: Iterable[str]) -> Principal:
    """A machine's rights: its key's scopes, nothing else."""
    granted = frozenset(escopos)
    return Principal(
        tenant_id=tenant_id,
        papel=PAPEL_CHAVE,
        permissoes=_permissions_of(granted) | {CONTA},
        escopos=granted,
        api_key_id=api_key_id,
    )


def check_scopes(escopos: Iterable[str]) -> frozenset[str]:
    """The scopes, each once.

    Raises:
        EscopoInvalido: one names no permission, or narrows one that cannot be narrowed.
    """
    granted = frozenset(escopos)
    for escopo in sorted(granted):
        permission, narrowed = _split(escopo)
        if permission not in GRANTABLE or (narrowed is not None and permission != PUBLICAR):
            raise EscopoInvalido(f"O escopo {escopo!r} não existe.")
        if narrowed == "":
            raise EscopoInvalido(f"O escopo {escopo!r} não diz qual origem pode publicar.")
    return granted


def covers(por: Principal, escopo: str) -> bool:
    """Whether who gives a scope holds all that it allows: nobody gives what they have not."""
    permission, pattern = _split(escopo)
    if permission not in por.permissoes:
        return False
    if pattern is None:
        return True
    if not pattern.endswith("*"):
        return may_publish(por.escopos, pattern)
    prefix = pattern[:-1]
    if prefix and not prefix.endswith("."):
        return False
    return any(
        held.endswith("*") and prefix.startswith(held[:-1])
        for permission, held in map(_split, por.escopos)
        if permission == PUBLICAR and held
    )


def may_publish(escopos: Iterable[str], source: str) -> bool:
    """Whether scopes name a source of events.

    The core's own sources (``alquimista.*``) must be named in full, and timers never come from
    outside: a pattern such as ``*`` is no leave to speak for the platform.
    """
    if source == TIMER_SOURCE:
        return False
    for escopo in escopos:
        permission, pattern = _split(escopo)
        if permission != PUBLICAR or not pattern:
            continue
        if pattern == source:
            return True
        if source.startswith(CORE_SOURCES) or not pattern.endswith("*"):
            continue
        prefix = pattern[:-1]
        if source.startswith(prefix) and (not prefix or prefix.endswith(".")):
            return True
    return False


def _permissions_of(escopos: Iterable[str]) -> frozenset[str]:
    return frozenset(_split(escopo)[0] for escopo in escopos) & GRANTABLE


def _split(escopo: str) -> tuple[str, str | None]:
    parts = escopo.split(":", 2)
    return ":".join(parts[:2]), parts[2] if len(parts) == 3 else None
