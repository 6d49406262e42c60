"""``TwinContext``: the whole ``AgentContext`` in memory, with the platform's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from alquimista_sdk.context import (
    SERVICES,
    Agendamentos,
    Aprovacoes,
    Campanhas,
    Conhecimento,
    Conversas,
    Disparos,
    Events,
    Leads,
    Modelos,
    Operations,
    Relatorios,
    State,
    Tools,
)
from alquimista_sdk.errors import InvalidPayload, ScopeDenied
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.manifest import Manifest
from alquimista_sdk.models import ModeloDaConta, NovaResposta, TenantFacts
from alquimista_sdk.testing.agendamentos import TwinAgendamentos
from alquimista_sdk.testing.campanhas import TwinAprovacoes, TwinCampanhas
from alquimista_sdk.testing.conversas import TwinConhecimento, TwinConversas
from alquimista_sdk.testing.disparos import TwinDisparos
from alquimista_sdk.testing.events import NOW, TENANT_ID
from alquimista_sdk.testing.leads import TwinLeads
from alquimista_sdk.testing.recording import PublishedEvent, Recording
from alquimista_sdk.testing.services import (
    Answer,
    Outside,
    TwinEvents,
    TwinLog,
    TwinModelos,
    TwinOperations,
    TwinRelatorios,
    TwinState,
    TwinTools,
)
from alquimista_sdk.testing.store import Store

_CHANGING = frozenset({"write", "claim", "publish"})
_DYNAMIC = frozenset({"tools", "operations"})


class _Scoped:
    """Lets a call through where the manifest's scopes open it."""

    def __init__(self, recording: Recording, name: str, service: object) -> None:
        self._recording = recording
        self._name = name
        self._service = service

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        verb = SERVICES[self._name].get(method)
        if verb is None:
            raise AttributeError(f"context.{self._name} has no {method}")
        if self._name in _DYNAMIC:
            return self._dynamic(method)
        self._require(f"{self._name}:{verb}")
        if self._recording.read_only and verb in _CHANGING:
            raise ScopeDenied(f"operations are read-only: {self._name}.{method}")
        return getattr(self._service, method)

    def _dynamic(self, method: str) -> Any:
        def call(name: str, payload: Mapping[str, Any]) -> Any:
            self._require(f"{self._name}:{name}")
            return getattr(self._service, method)(name, payload)

        return call

    def _require(self, scope: str) -> None:
        if scope not in self._recording.manifest.scope_names:
            raise ScopeDenied(f"{self._recording.manifest.slug} has no scope {scope}")


class TwinContext:
    """An ``AgentContext`` for tests: scopes enforced, reads see committed state, writes wait.

    Fill ``twin.store``, prepare ``answer_tool`` and ``answer_operation``, run a handler (see
    ``run`` and ``invoke``) and look at ``twin.published``, ``twin.replies`` and ``twin.store``.
    Claims change the store at once and stay after ``rollback()``, as they do on the platform.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        tenant: TenantFacts | None = None,
        now: datetime | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        """Build a twin; ``config`` is laid over the defaults of the manifest's schema.

        Raises:
            InvalidPayload: the configuration breaks the manifest's schema.
        """
        self.manifest = manifest
        self.config: Mapping[str, Any] = _config(manifest, config or {})
        self.log = TwinLog()
        self.store = Store()
        self._outside = Outside()
        self._recording = Recording(
            manifest=manifest,
            tenant=tenant or default_tenant(),
            store=self.store,
            now=now or NOW,
            trace_id=uuid4(),
        )
        recording = self._recording
        self.leads = cast(Leads, self._scoped("leads", TwinLeads(recording)))
        self.campanhas = cast(Campanhas, self._scoped("campanhas", TwinCampanhas(recording)))
        self.aprovacoes = cast(Aprovacoes, self._scoped("aprovacoes", TwinAprovacoes(recording)))
        self.disparos = cast(Disparos, self._scoped("disparos", TwinDisparos(recording)))
        self.conversas = cast(Conversas, self._scoped("conversas", TwinConversas(recording)))
        self.agendamentos = cast(
            Agendamentos, self._scoped("agendamentos", TwinAgendamentos(recording))
        )
        self.relatorios = cast(Relatorios, self._scoped("relatorios", TwinRelatorios(recording)))
        self.conhecimento = cast(
            Conhecimento, self._scoped("conhecimento", TwinConhecimento(recording))
        )
        self.tools = cast(Tools, self._scoped("tools", TwinTools(recording, self._outside)))
        self.operations = cast(
            Operations, self._scoped("operations", TwinOperations(self._outside))
        )
        self.events = cast(Events, self._scoped("events", TwinEvents(recording)))
        self.state = cast(State, self._scoped("state", TwinState(recording)))
        self.modelos = cast(Modelos, self._scoped("modelos", TwinModelos(self._outside)))

    @property
    def tenant(self) -> TenantFacts:
        """The tenant that the run belongs to."""
        return self._recording.tenant

    @property
    def now(self) -> datetime:
        """Business time (UTC, aware); move it with ``advance`` or by setting it."""
        return self._recording.now

    @now.setter
    def now(self, value: datetime) -> None:
        if value.tzinfo is None:
            raise ValueError("business time is aware")
        self._recording.now = value

    @property
    def trace_id(self) -> UUID:
        """Joins every event, message and log line of one way."""
        return self._recording.trace_id

    @property
    def published(self) -> list[PublishedEvent]:
        """The events that were published by commits, in order."""
        return self._recording.published

    @property
    def replies(self) -> list[NovaResposta]:
        """The answers that were asked for by commits, in order."""
        return self.store.respostas

    @property
    def tool_calls(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The calls of tools that were made (journalled answers are no calls)."""
        return self._outside.tool_calls

    @property
    def operation_calls(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The calls of operations that were made."""
        return self._outside.operation_calls

    def new_id(self, name: str) -> UUID:
        """An id that is the same for every run of this event and ``name``."""
        return self._recording.new_id(name)

    def for_event(self, event: AgentEvent) -> TwinContext:
        """Start a run of an event: nothing read, nothing kept. Answers the twin itself."""
        self._recording.begin(event)
        return self

    def for_operation(self) -> TwinContext:
        """Start a run of an operation: writes, claims and publishing are refused."""
        self._recording.begin(None, read_only=True)
        return self

    def for_lifecycle(self) -> TwinContext:
        """Start a run of ``agent_on_activate`` and its kin: no event, writes allowed."""
        self._recording.begin(None)
        return self

    def commit(self) -> None:
        """Apply the kept writes, all or none; afterwards another run may begin.

        Raises:
            VersionConflict: a row changed between read and commit.
        """
        self._recording.commit()

    def rollback(self) -> None:
        """Discard the kept writes, as the platform does where a handler raises."""
        self._recording.discard()

    def answer_tool(self, name: str, answer: Answer) -> None:
        """Say what a tool answers: a mapping, or a callable of the payload (it may raise)."""
        self._outside.tools[name] = answer
        for key in [key for key in self._outside.journal if key[1] == name]:
            del self._outside.journal[key]

    def answer_operation(self, name: str, answer: Answer) -> None:
        """Say what another agent's operation answers: a mapping, or a callable of the payload."""
        self._outside.operations[name] = answer

    def use_model(self, operation: str, modelo: ModeloDaConta | None) -> None:
        """Say which model the tenant has in use for an operation; None: the shipped one."""
        self._outside.modelos[operation] = modelo

    def touch(self, row_id: UUID) -> None:
        """Somebody else changes a lead or a campaign: what was read before is old now.

        Raises:
            KeyError: no lead and no campaign has that id.
        """
        if row_id in self.store.leads:
            self.store.change_lead(row_id)
            return
        campanha = self.store.campanhas[row_id]
        values = {item.name: getattr(campanha, item.name) for item in fields(campanha)}
        self.store.campanhas[row_id] = type(campanha)(**values | {"versao": campanha.versao + 1})

    def advance(self, span: timedelta) -> None:
        """Let business time pass."""
        self._recording.now += span

    def effects(self) -> dict[str, Any]:
        """All that runs have changed so far, to compare with another twin's."""
        return {**self.store.snapshot(), "published": list(self.published)}

    def _scoped(self, name: str, service: object) -> _Scoped:
        return _Scoped(self._recording, name, service)


def default_tenant() -> TenantFacts:
    """The tenant of twins that are given none."""
    return TenantFacts(
        id=TENANT_ID,
        nome="Aurora Consultoria",
        email_remetente="contato@aurora.example",
        emails_gestores=("gestora@aurora.example",),
        ddd_padrao="11",
        sandbox=True,
    )


def _config(manifest: Manifest, given: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = manifest.config_schema.get("properties", {})
    config = {name: item["default"] for name, item in properties.items() if "default" in item}
    config |= given
    error = best_match(Draft202012Validator(dict(manifest.config_schema)).iter_errors(config))
    if error is not None:
        raise InvalidPayload(f"config at {error.json_path}: {error.message}")
    return config
