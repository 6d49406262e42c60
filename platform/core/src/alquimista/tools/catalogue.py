"""Which tools a tenant has, and who answers each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache

from alquimista.db.session import Database
from alquimista.plataforma.tenants.redacao import MODELO_DE_LINGUAGEM
from alquimista.prospeccao.finalidades.porta import Porta, porta_de_enriquecimento
from alquimista.sandbox.calendario import SandboxCalendario
from alquimista.sandbox.enriquecimento import look_up
from alquimista.sandbox.leitor import ler
from alquimista.sandbox.redator import Redator
from alquimista.settings import Settings, SettingsInvalid
from alquimista.tools.calls import Call, calendar_calls, chat_call, lookup_call, reading_call
from alquimista.tools.contracts import CONTRACTS
from alquimista.tools.registry import Guard, Tool, ToolRegistry, unguarded
from alquimista_integrations.calendar.google import BASE_URL as GOOGLE_URL
from alquimista_integrations.calendar.google import GoogleCalendar
from alquimista_integrations.calendar.service_account import ServiceAccountTokens
from alquimista_integrations.enrichment.brasilapi import BASE_URL, ReceitaFederal
from alquimista_integrations.llm.chat import ChatModel
from alquimista_integrations.rest import TokenProvider
from alquimista_integrations.sentiment.comprehend import Comprehend
from alquimista_integrations.sentiment.llm import LlmReader
from alquimista_sdk.errors import AlquimistaError, TransientError
from alquimista_sdk.models import TenantFacts
from fibonacci_bus.breaker import Breaker

_LOOKUP = "enrichment.company"


@dataclass(frozen=True, slots=True)
class OutsideServices:
    """Where the real services are. Without a token a tool of that service does not exist.

    Without ``llm_token``, and for a tenant that has not chosen the model, the deterministic writer
    answers: it takes facts only from the passages.
    """

    receita_url: str = BASE_URL
    google_token: TokenProvider | None = None
    google_convidar: bool = False
    google_url: str = GOOGLE_URL
    llm_url: str = "https://api.openai.com/v1"
    llm_token: str | None = None
    llm_modelo: str = "gpt-4o-mini"
    comprehend: Comprehend | None = None


def outside_of(settings: Settings) -> OutsideServices:
    """The real services that the settings name.

    Raises:
        SettingsInvalid: the key of the Google account is none.
    """
    told = settings.outside
    region, endpoint = told.comprehend_region, told.comprehend_endpoint
    return OutsideServices(
        receita_url=told.receita_url,
        google_token=_tokens(told.google.conta, told.google.delegado)
        if told.google.conta
        else None,
        google_convidar=told.google.convidar,
        google_url=told.google.url,
        llm_url=told.llm.url,
        llm_token=told.llm.token,
        llm_modelo=told.llm.modelo,
        comprehend=Comprehend(region, endpoint) if region else None,
    )


def prepare(settings: Settings) -> None:
    """Load now what the first call of a service has no time to load."""
    comprehend = outside_of(settings).comprehend
    if comprehend is not None:
        comprehend.prepare()


@lru_cache(maxsize=4)
def _tokens(conta: str, delegado: str | None) -> ServiceAccountTokens:
    """One per process: a registry is made for every call, a token holds for an hour."""
    try:
        return ServiceAccountTokens(json.loads(conta), delegado)
    except ValueError as error:
        raise SettingsInvalid("GOOGLE_CONTA_DE_SERVICO holds no usable key") from error


def build_registry(
    tenant: TenantFacts,
    database: Database,
    settings: Settings,
    outside: OutsideServices | None = None,
    registered: Iterable[Tool] = (),
    *,
    sleep: Callable[[float], None] = time.sleep,
    guard: Guard | None = None,
    porta: Porta | None = None,
) -> ToolRegistry:
    """The tools of a tenant: twins for a sandbox tenant, real services for any other.

    Production refuses the twins: a sandbox tenant has no tools there. A real service that keeps
    failing is cut off for the tenant, in every process (``guard`` overrides how); what is answered
    inside this process never is. A look-up asks for its purpose first (``porta`` overrides where).
    ``registered`` are the tools of servers that the tenant named.
    """
    services = outside or outside_of(settings)
    own = unguarded if tenant.sandbox else _breakers(tenant, database, services)
    if tenant.sandbox:
        calls = _twins(tenant, database) if settings.sandbox else {}
    else:
        calls = _real(services, tenant)
    if _LOOKUP in calls:
        asked = porta or porta_de_enriquecimento(database, tenant.id)
        calls[_LOOKUP] = lookup_call(asked, calls[_LOOKUP])
    return ToolRegistry(
        [*registered, *(Tool(CONTRACTS[name], call) for name, call in calls.items())],
        sleep,
        guard or own,
    )


def _breakers(tenant: TenantFacts, database: Database, services: OutsideServices) -> Guard:
    inside = frozenset() if _writes_outside(tenant, services) else frozenset({"llm.write"})

    def guard(name: str) -> AbstractContextManager[None]:
        if name in inside:
            return unguarded(name)
        named = f"tools:{name}"
        return Breaker(database.scope, tenant.id, named, is_failure=_is_outage).guard()

    return guard


def _writes_outside(tenant: TenantFacts, services: OutsideServices) -> bool:
    return services.llm_token is not None and tenant.redator == MODELO_DE_LINGUAGEM


def _is_outage(error: BaseException) -> bool:
    """A refusal is an answer; a time-out, a 5xx or a mistake of the adapter is not."""
    return isinstance(error, TransientError) or not isinstance(error, AlquimistaError)


def _twins(tenant: TenantFacts, database: Database) -> dict[str, Call]:
    calendario = SandboxCalendario(database, tenant.id)
    return {
        _LOOKUP: look_up,
        "llm.write": Redator(sandbox=True).write,
        "sentiment.comprehend": reading_call("sentiment.comprehend", ler),
        "sentiment.llm": reading_call("sentiment.llm", ler),
        **calendar_calls(calendario, sandbox=True),
    }


def _real(outside: OutsideServices, tenant: TenantFacts) -> dict[str, Call]:
    receita = ReceitaFederal(outside.receita_url)
    redator = Redator(sandbox=False)
    calls: dict[str, Call] = {
        _LOOKUP: lambda payload: receita.company(payload.get("cnpj")),
        "llm.write": redator.write,
    }
    if outside.llm_token is not None:
        if _writes_outside(tenant, outside):
            model = ChatModel(outside.llm_url, outside.llm_token, outside.llm_modelo)
            calls["llm.write"] = chat_call(model, redator.write)
        reader = LlmReader(outside.llm_url, outside.llm_token, outside.llm_modelo)
        calls["sentiment.llm"] = reading_call("sentiment.llm", reader.read)
    if outside.comprehend is not None:
        comprehend = outside.comprehend
        calls["sentiment.comprehend"] = reading_call(
            "sentiment.comprehend", lambda texto, _, seconds: comprehend.read(texto, seconds)
        )
    if outside.google_token is not None:
        google = GoogleCalendar(
            outside.google_token, outside.google_url, convidar=outside.google_convidar
        )
        calls |= calendar_calls(google, sandbox=False)
    return calls
