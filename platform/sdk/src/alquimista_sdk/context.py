"""What an agent gets: protocols, told apart by verb.

*Read* methods run in a short transaction of their own and remember the row's ``versao``.
*Write* methods return nothing: they are kept until the handler returns and commit together with
the event's inbox row, new events and planned messages; a row that changed meanwhile makes the
runner run the handler again. *Claim* methods are their own idempotent transaction with an answer
to branch on; called again by a retry of the same event they give the same answer.

Every service is opened by a scope: ``<service>:read``, ``<service>:write``, ``<service>:claim``.

One long module of signatures, so that an author reads all that an agent may do in one place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from alquimista_sdk.events import Classification, Subject
from alquimista_sdk.models import (
    Agendamento,
    Anexo,
    Campanha,
    Disparo,
    Historico,
    Horario,
    Importacao,
    Interacao,
    Intervalo,
    Lead,
    LeadChanges,
    LeadHigienizado,
    Leitura,
    LinhaBruta,
    Lote,
    MetricasFunil,
    ModeloDaConta,
    NovaCampanha,
    NovaResposta,
    NovoDisparo,
    NovoLote,
    Rejeito,
    StagedLeads,
    Template,
    TenantFacts,
    Trecho,
)

SERVICES: Mapping[str, Mapping[str, str]] = {
    "leads": {
        "get": "read",
        "get_many": "read",
        "by_lote": "read",
        "by_importacao": "read",
        "count_pending": "read",
        "permitted": "read",
        "lote": "read",
        "importacao": "read",
        "rows": "read",
        "stage": "claim",
        "create_lotes": "claim",
        "update": "write",
        "finish_importacao": "write",
        "opt_out": "write",
        "refuse": "write",
        "pause": "write",
    },
    "campanhas": {
        "get": "read",
        "by_lote": "read",
        "by_status": "read",
        "templates": "read",
        "create": "write",
        "set_status": "write",
    },
    "aprovacoes": {"request": "write"},
    "disparos": {
        "by_lead": "read",
        "by_campanha": "read",
        "plan": "write",
        "cancel_pending": "write",
    },
    "conversas": {"history": "read", "get": "read", "classify": "write", "reply": "write"},
    "agendamentos": {
        "get": "read",
        "open_proposal": "read",
        "busy": "read",
        "hold": "claim",
        "take": "claim",
        "confirm": "write",
        "release": "write",
    },
    "relatorios": {
        "metrics": "read",
        "objections": "read",
        "publish": "write",
        "mail_managers": "write",
    },
    "conhecimento": {"search": "read"},
    "tools": {"call": "call"},
    "operations": {"call": "call"},
    "events": {"publish": "publish"},
    "state": {"get": "read", "put": "write"},
    "modelos": {"active": "read"},
}
"""Every service, its methods and the verb of the scope that opens each."""

SCOPES: frozenset[str] = frozenset(
    f"{service}:{verb}" for service, methods in SERVICES.items() for verb in methods.values()
)


class Log(Protocol):
    """Structured logging; fields named as personal data are masked."""

    def info(self, message: str, **fields: Any) -> None:
        """Say what happened."""

    def warning(self, message: str, **fields: Any) -> None:
        """Say what a person should look at some day."""

    def error(self, message: str, **fields: Any) -> None:
        """Say what went wrong."""


class Leads(Protocol):
    """Leads, imports and lots."""

    def get(self, lead_id: UUID) -> Lead:
        """Read one lead. Raises ``NotFound``."""

    def get_many(self, lead_ids: Sequence[UUID]) -> tuple[Lead, ...]:
        """Read leads by id, in the order given; unknown ids are left out."""

    def by_lote(self, lote_id: UUID) -> tuple[Lead, ...]:
        """Read the leads of a lot, highest priority first."""

    def by_importacao(self, importacao_id: UUID) -> tuple[Lead, ...]:
        """Read the leads that an import brought."""

    def count_pending(self, importacao_id: UUID) -> int:
        """How many leads of an import still wait for enrichment."""

    def permitted(self, lead_ids: Sequence[UUID], finalidade: str) -> tuple[UUID, ...]:
        """Read which leads' data may be used for a purpose (LGPD, art. 7), in the order given.

        ``finalidade`` is one of ``FINALIDADES``; ask before a use that the platform does not check
        itself, such as looking a lead up outside. Raises ``NotFound`` for another purpose.
        """

    def lote(self, lote_id: UUID) -> Lote:
        """Read one lot. Raises ``NotFound``."""

    def importacao(self, importacao_id: UUID) -> Importacao:
        """Read one import. Raises ``NotFound``."""

    def rows(self, importacao_id: UUID) -> Iterator[LinhaBruta]:
        """Iterate the raw rows of an uploaded file with the mapping that was guessed or set."""

    def stage(
        self,
        importacao_id: UUID,
        batch: int,
        leads: Sequence[LeadHigienizado],
        rejeitos: Sequence[Rejeito],
    ) -> StagedLeads:
        """Claim: insert a batch of cleaned rows (≤ 5,000) and record its rejects.

        Rows that the tenant has already, or whose person asked to be forgotten, come back as
        rejects of class ``duplicate`` or ``suppressed``. ``batch`` numbers the batches from 0.
        Threads of one run may stage different batches at once.
        """

    def create_lotes(self, importacao_id: UUID, lotes: Sequence[NovoLote]) -> tuple[Lote, ...]:
        """Claim: create the lots of an import, once. Empty where another event was first."""

    def update(self, lead_id: UUID, changes: LeadChanges) -> None:
        """Write: set fields of a lead that was read before."""

    def finish_importacao(self, importacao_id: UUID, erro: str | None = None) -> None:
        """Write: the file was read to its end (or could not be: ``erro`` is shown to a person)."""

    def opt_out(self, lead_id: UUID, motivo: str) -> None:
        """Write: suppress the lead on every channel, cancel what was planned and future meetings.

        One truthful confirmation is sent by the platform, and the audit records it.
        """

    def refuse(self, lead_id: UUID, motivo: str) -> None:
        """Write: the lead said no: discard it and stop further outreach, without confirmation."""

    def pause(self, lead_id: UUID, motivo: str, causa: str | None = None) -> None:
        """Write: stop machine messages to the lead until a person decides.

        ``causa`` is ``LEITURA_INCERTA`` where a person's reading of the message decides it.
        """


class Campanhas(Protocol):
    """Campaigns and message templates."""

    def get(self, campanha_id: UUID) -> Campanha:
        """Read one campaign. Raises ``NotFound``."""

    def by_lote(self, lote_id: UUID) -> tuple[Campanha, ...]:
        """Read the campaigns of a lot."""

    def by_status(self, status: str) -> tuple[Campanha, ...]:
        """Read the campaigns in a status, oldest first."""

    def templates(self, canal: str) -> tuple[Template, ...]:
        """Read the tenant's templates of a channel."""

    def create(self, campanha: NovaCampanha) -> None:
        """Write: a campaign in ``rascunho``."""

    def set_status(self, campanha_id: UUID, status: str) -> None:
        """Write: move a campaign that was read before to another status."""


class Aprovacoes(Protocol):
    """Human approvals."""

    def request(self, tipo: str, ref_id: UUID, resumo: str) -> None:
        """Write: ask a person to approve ``ref_id`` (tipo ``campanha``) as its content is now."""


class Disparos(Protocol):
    """Planned outbound messages. Nothing here sends: the sender does, behind the gate."""

    def by_lead(self, lead_id: UUID) -> tuple[Disparo, ...]:
        """Read the messages planned or sent to a lead, oldest first."""

    def by_campanha(self, campanha_id: UUID) -> tuple[Disparo, ...]:
        """Read the messages planned or sent for a campaign, oldest first."""

    def plan(self, disparo: NovoDisparo) -> None:
        """Write: plan a prospecting message; one per lead, campaign, stage and attempt."""

    def cancel_pending(self, lead_id: UUID, motivo: str) -> None:
        """Write: cancel what is planned for a lead."""


class Conversas(Protocol):
    """Conversations with leads."""

    def history(self, lead_id: UUID, limit: int = 20) -> Historico:
        """Read the last messages of a conversation."""

    def get(self, interacao_id: UUID) -> Interacao:
        """Read one message. Raises ``NotFound``."""

    def classify(self, interacao_id: UUID, leitura: Leitura) -> None:
        """Write: how a received message was read."""

    def reply(self, resposta: NovaResposta) -> None:
        """Write: ask the sender to answer a lead; discarded where a person has taken over."""


class Agendamentos(Protocol):
    """Meetings and held slots."""

    def get(self, agendamento_id: UUID) -> Agendamento:
        """Read one meeting. Raises ``NotFound``."""

    def open_proposal(self, lead_id: UUID) -> Agendamento | None:
        """Read the lead's meeting in ``proposto``, also where its holds have expired."""

    def busy(self, inicio: datetime, fim: datetime) -> tuple[Intervalo, ...]:
        """Read the spans that other leads hold or have confirmed."""

    def hold(
        self,
        agendamento_id: UUID,
        lead_id: UUID,
        horarios: Sequence[Horario],
        expira_em: datetime,
    ) -> tuple[Horario, ...]:
        """Claim: hold slots for a lead (a new meeting in ``proposto``); answers those got.

        A database exclusion makes sure that no two leads hold one span.
        """

    def take(self, agendamento_id: UUID, horario: Horario) -> bool:
        """Claim: take the chosen slot, also after its hold expired; False where it is gone.

        It stays the run's for ``HORARIO_TOMADO_POR``: confirm it before, or take it again.
        """

    def confirm(
        self,
        agendamento_id: UUID,
        horario: Horario,
        calendar_event_id: str,
        briefing: str,
    ) -> None:
        """Write: ``confirmado`` at that slot; the other holds are freed."""

    def release(self, agendamento_id: UUID, status: str) -> None:
        """Write: free the holds and move the meeting to ``cancelado`` or ``remarcado``."""


class Relatorios(Protocol):
    """Funnel figures and published reports."""

    def metrics(self, inicio: date, fim: date) -> MetricasFunil:
        """Read the funnel of the days ``inicio`` to ``fim``, both included."""

    def objections(self, inicio: date, fim: date) -> tuple[Interacao, ...]:
        """Read the received messages that were read as objections in those days."""

    def publish(self, data: date, metricas: MetricasFunil, pdf: bytes) -> None:
        """Write: keep the day's figures and its PDF; a second one of the day replaces the first."""

    def mail_managers(
        self, assunto: str, mensagem: str, anexos: Sequence[Anexo], chave: str
    ) -> None:
        """Write: ask the sender to mail the tenant's managers, once per ``chave``."""


class Conhecimento(Protocol):
    """The tenant's knowledge base: the only source of prices and claims."""

    def search(self, consulta: str, limite: int = 3) -> tuple[Trecho, ...]:
        """Read the passages nearest to a question, best first; empty where none fits."""


class Tools(Protocol):
    """Outside services that only read, or are idempotent. Answers are journalled per event."""

    def call(self, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call a tool. Needs the scope ``tools:<name>``; raises ``TransientError`` to retry."""


class Operations(Protocol):
    """Read-only requests to other agents, by capability."""

    def call(self, name: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an operation such as ``sentimento.analisar``. Depth ≤ 3, the caller's deadline.

        Needs the scope ``operations:<name>``. Raises ``OperationUnavailable`` where no active
        agent offers it.
        """


class Events(Protocol):
    """Publishing under the agent's own source."""

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
        """Write: publish ``<source of the agent>.<type>`` when the handler commits.

        ``decision`` is the log entry that people read in the timeline (pt-BR). Only events that
        the manifest lists under ``publishes`` may be published.
        """


class State(Protocol):
    """The agent's own small memory, per tenant; keyed by lead where it concerns one."""

    def get(self, key: str, lead_id: UUID | None = None) -> Mapping[str, Any] | None:
        """Read a value."""

    def put(self, key: str, value: Mapping[str, Any] | None, lead_id: UUID | None = None) -> None:
        """Write a value (None removes it). Values about a lead are erased with the lead."""


class Modelos(Protocol):
    """What the tenant's people have taught an operation's model."""

    def active(self, operation: str) -> ModeloDaConta | None:
        """Read the model in use; None where the tenant has none, or uses the shipped one."""


class AgentContext(Protocol):
    """All that an agent has. No session, engine, Flask or environment."""

    @property
    def tenant(self) -> TenantFacts:
        """The tenant that the event belongs to."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The tenant's configuration of this agent, validated by the manifest's schema."""

    @property
    def now(self) -> datetime:
        """Business time (UTC, aware), fixed for this run."""

    @property
    def trace_id(self) -> UUID:
        """Joins every event, message and log line of one way."""

    @property
    def log(self) -> Log:
        """Structured log."""

    def new_id(self, name: str) -> UUID:
        """An id that is the same for every run of this event and ``name``."""

    @property
    def leads(self) -> Leads: ...

    @property
    def campanhas(self) -> Campanhas: ...

    @property
    def aprovacoes(self) -> Aprovacoes: ...

    @property
    def disparos(self) -> Disparos: ...

    @property
    def conversas(self) -> Conversas: ...

    @property
    def agendamentos(self) -> Agendamentos: ...

    @property
    def relatorios(self) -> Relatorios: ...

    @property
    def conhecimento(self) -> Conhecimento: ...

    @property
    def tools(self) -> Tools: ...

    @property
    def operations(self) -> Operations: ...

    @property
    def events(self) -> Events: ...

    @property
    def state(self) -> State: ...

    @property
    def modelos(self) -> Modelos: ...
