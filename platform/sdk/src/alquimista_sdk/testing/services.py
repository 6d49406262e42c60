"""The twin's tools, operations, events, state, reports and log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from alquimista_sdk.errors import InvalidEvent, OperationUnavailable, PermanentError, ScopeDenied
from alquimista_sdk.events import (
    Classification,
    EventContext,
    FractalDetail,
    LogEntry,
    Subject,
    parse_detail,
)
from alquimista_sdk.models import Anexo, Interacao, MetricasFunil, ModeloDaConta
from alquimista_sdk.testing.recording import (
    PublishedEvent,
    Recording,
    TwinNotPrepared,
    as_json,
)
from alquimista_sdk.testing.store import EmailGestores, RelatorioPublicado

EVENT_BYTES = 256 * 1024
Answer = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(slots=True)
class Outside:
    """What the test says that tools and operations answer, and which calls were made."""

    tools: dict[str, Answer] = field(default_factory=dict)
    operations: dict[str, Answer] = field(default_factory=dict)
    tool_calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    operation_calls: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    journal: dict[tuple[UUID, str, str], str] = field(default_factory=dict)
    modelos: dict[str, ModeloDaConta | None] = field(default_factory=dict)


class TwinTools:
    """Tools that answer what the test prepared; finished answers are journalled per event."""

    def __init__(self, recording: Recording, outside: Outside) -> None:
        self._recording = recording
        self._outside = outside

    def call(self, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a tool. Raises ``TwinNotPrepared`` where ``answer_tool`` was not called."""
        arguments = as_json(payload, f"the payload of {name}")
        event = self._recording.event
        key = (event.id, name, arguments) if event is not None else None
        if key is not None and key in self._outside.journal:
            known: Mapping[str, Any] = json.loads(self._outside.journal[key])
            return known
        if name not in self._outside.tools:
            raise TwinNotPrepared(f"twin.answer_tool({name!r}, …) was not called")
        asked = json.loads(arguments)
        self._outside.tool_calls.append((name, asked))
        answer = as_json(_answer(self._outside.tools[name], asked), f"the answer of {name}")
        if key is not None:
            self._outside.journal[key] = answer
        result: Mapping[str, Any] = json.loads(answer)
        return result


class TwinOperations:
    """Operations that answer what the test prepared."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def call(self, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an operation; one that the test has not prepared is offered by no active agent."""
        asked = json.loads(as_json(payload, f"the payload of {name}"))
        if name not in self._outside.operations:
            raise OperationUnavailable(f"no active agent offers {name}")
        self._outside.operation_calls.append((name, asked))
        answer = _answer(self._outside.operations[name], asked)
        result: Mapping[str, Any] = json.loads(as_json(answer, f"the answer of {name}"))
        return result


class TwinModelos:
    """The models that the test says are in use."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def active(self, operation: str) -> ModeloDaConta | None:
        """Read the model in use; None where the test named none."""
        return self._outside.modelos.get(operation)


class TwinEvents:
    """Publishing under the agent's own source."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def publish(
        self,
        type: str,
        subject: Subject,
        *,
        decision: str,
        source: str = "web",
        last_message: str = "",
        metadata: Mapping[str, Any] | None = None,
        classification: Classification | None = None,
        proposed_action: str | None = None,
    ) -> None:
        """Write: keep an event for the commit.

        Raises:
            ScopeDenied: the manifest does not list the event under ``publishes``.
            InvalidEvent: the detail breaks the fractal protocol or the manifest's declaration.
            PermanentError: the metadata is not plain JSON, or the event exceeds 256 KB.
        """
        run = self._recording
        name = f"{run.manifest.source}.{type}"
        if name not in run.manifest.publishes:
            raise ScopeDenied(f"{run.manifest.slug} does not list {name} under publishes")
        if not decision.strip():
            raise InvalidEvent("decision", "people read it in the timeline: say what was decided")
        declared = run.manifest.publication(name)
        if declared is not None:
            declared.check(subject.type, metadata or {})
        detail = FractalDetail(
            subject=subject,
            context=EventContext(
                source=source,
                last_message=last_message,
                metadata=json.loads(as_json(dict(metadata or {}), "metadata")),
            ),
            classification=classification,
            proposed_action=proposed_action,
            logs=(LogEntry(run.now.isoformat(), run.manifest.name, decision, str(run.trace_id)),),
        )
        parsed = parse_detail(detail.to_wire())
        if len(as_json(parsed.to_wire(), "detail").encode()) > EVENT_BYTES:
            raise PermanentError(f"{name} is larger than {EVENT_BYTES // 1024} KB")
        event = PublishedEvent(
            id=run.new_id(f"event:{len(run.writes)}:{name}"),
            source=run.manifest.source,
            type=type,
            subject=subject,
            metadata=parsed.context.metadata,
            decision=decision,
            last_message=last_message,
            classification=classification,
            proposed_action=proposed_action,
            channel=source,
        )
        run.write(lambda: run.published.append(event))


class TwinState:
    """The agent's own memory."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def get(self, key: str, lead_id: UUID | None = None) -> Mapping[str, Any] | None:
        """Read a value."""
        value = self._recording.store.estado.get((key, lead_id))
        return dict(value) if value is not None else None

    def put(self, key: str, value: Mapping[str, Any] | None, lead_id: UUID | None = None) -> None:
        """Write a value (None removes it)."""
        if value is None:
            self._recording.write(lambda: _drop(self._recording, key, lead_id))
            return
        kept = json.loads(as_json(dict(value), f"the state {key!r}"))

        def write() -> None:
            self._recording.store.estado[(key, lead_id)] = kept

        self._recording.write(write)


class TwinRelatorios:
    """Figures that the test prepared, and reports that were published."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def metrics(self, inicio: date, fim: date) -> MetricasFunil:
        """Read the funnel. Raises ``TwinNotPrepared`` where ``store.metricas`` is not set."""
        metricas = self._recording.store.metricas
        if metricas is None:
            raise TwinNotPrepared("set twin.store.metricas to figures or to a callable")
        return metricas(inicio, fim) if callable(metricas) else metricas

    def objections(self, inicio: date, fim: date) -> tuple[Interacao, ...]:
        """Read the received messages read as objections in those days of the tenant's zone."""
        zone = ZoneInfo(self._recording.tenant.fuso_horario)
        return tuple(
            item
            for item in self._recording.store.interacoes
            if item.tipo == "recebido"
            and item.intent == "objection"
            and inicio <= item.created_at.astimezone(zone).date() <= fim
        )

    def publish(self, data: date, metricas: MetricasFunil, pdf: bytes) -> None:
        """Write: keep the day's report; a second one of the day replaces the first."""
        report = RelatorioPublicado(data, metricas, pdf)

        def write() -> None:
            self._recording.store.relatorios[data] = report

        self._recording.write(write)

    def mail_managers(
        self, assunto: str, mensagem: str, anexos: Sequence[Anexo], chave: str
    ) -> None:
        """Write: mail the tenant's managers, once per ``chave``."""
        mail = EmailGestores(assunto, mensagem, tuple(anexos), chave)

        def write() -> None:
            emails = self._recording.store.emails
            if all(item.chave != chave for item in emails):
                emails.append(mail)

        self._recording.write(write)


class TwinLog:
    """Log lines as (level, message, fields)."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, Mapping[str, Any]]] = []

    def info(self, message: str, **fields: Any) -> None:
        """Say what happened."""
        self.lines.append(("info", message, fields))

    def warning(self, message: str, **fields: Any) -> None:
        """Say what a person should look at some day."""
        self.lines.append(("warning", message, fields))

    def error(self, message: str, **fields: Any) -> None:
        """Say what went wrong."""
        self.lines.append(("error", message, fields))


def _answer(prepared: Answer, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return prepared(payload) if callable(prepared) else prepared


def _drop(recording: Recording, key: str, lead_id: UUID | None) -> None:
    recording.store.estado.pop((key, lead_id), None)
