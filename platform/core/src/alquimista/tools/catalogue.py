"""Which tools a tenant has, and who answers each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from alquimista.db.session import Database
from alquimista.sandbox.calendario import SandboxCalendario
from alquimista.sandbox.enriquecimento import look_up
from alquimista.sandbox.redator import Redator
from alquimista.settings import Settings
from alquimista.tools.calls import Call, calendar_calls, chat_call
from alquimista.tools.contracts import CONTRACTS
from alquimista.tools.registry import Guard, Tool, ToolRegistry, unguarded
from alquimista_integrations.calendar.google import GoogleCalendar
from alquimista_integrations.enrichment.brasilapi import BASE_URL, ReceitaFederal
from alquimista_integrations.llm.chat import ChatModel
from alquimista_integrations.rest import TokenProvider
from alquimista_sdk.errors import AlquimistaError, TransientError
from alquimista_sdk.models import TenantFacts
from fibonacci_bus.breaker import Breaker


@dataclass(frozen=True, slots=True)
class OutsideServices:
    """Where the real services are. Without a token a tool of that service does not exist.

    Without ``llm_token`` the deterministic writer answers: it takes facts only from the passages.
    """

    receita_url: str = BASE_URL
    google_token: TokenProvider | None = None
    google_convidar: bool = False
    llm_url: str = "https://api.openai.com/v1"
    llm_token: str | None = None
    llm_modelo: str = "gpt-4o-mini"


def build_registry(
    tenant: TenantFacts,
    database: Database,
    settings: Settings,
    outside: OutsideServices | None = None,
    registered: Iterable[Tool] = (),
    *,
    sleep: Callable[[float], None] = time.sleep,
    guard: Guard | None = None,
) -> ToolRegistry:
    """The tools of a tenant: twins for a sandbox tenant, real services for any other.

    Production refuses the twins: a sandbox tenant has no tools there. A real service that keeps
    failing is cut off for the tenant, in every process (``guard`` overrides how); what is answered
    inside this process never is. ``registered`` are the tools of servers that the tenant named.
    """
    services = outside or OutsideServices()
    own = unguarded if tenant.sandbox else _breakers(tenant, database, services)
    if tenant.sandbox:
        calls = _twins(tenant, database) if settings.sandbox else {}
    else:
        calls = _real(services)
    return ToolRegistry(
        [*registered, *(Tool(CONTRACTS[name], call) for name, call in calls.items())],
        sleep,
        guard or own,
    )


def _breakers(tenant: TenantFacts, database: Database, services: OutsideServices) -> Guard:
    inside = frozenset() if services.llm_token is not None else frozenset({"llm.write"})

    def guard(name: str) -> AbstractContextManager[None]:
        if name in inside:
            return unguarded(name)
        named = f"tools:{name}"
        return Breaker(database.scope, tenant.id, named, is_failure=_is_outage).guard()

    return guard


def _is_outage(error: BaseException) -> bool:
    """A refusal is an answer; a time-out, a 5xx or a mistake of the adapter is not."""
    return isinstance(error, TransientError) or not isinstance(error, AlquimistaError)


def _twins(tenant: TenantFacts, database: Database) -> dict[str, Call]:
    calendario = SandboxCalendario(database, tenant.id)
    return {
        "enrichment.company": look_up,
        "llm.write": Redator(sandbox=True).write,
        **calendar_calls(calendario, sandbox=True),
    }


def _real(outside: OutsideServices) -> dict[str, Call]:
    receita = ReceitaFederal(outside.receita_url)
    calls: dict[str, Call] = {
        "enrichment.company": lambda payload: receita.company(payload.get("cnpj")),
        "llm.write": Redator(sandbox=False).write,
    }
    if outside.llm_token is not None:
        model = ChatModel(outside.llm_url, outside.llm_token, outside.llm_modelo)
        calls["llm.write"] = chat_call(model)
    if outside.google_token is not None:
        google = GoogleCalendar(outside.google_token, convidar=outside.google_convidar)
        calls |= calendar_calls(google, sandbox=False)
    return calls
