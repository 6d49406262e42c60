"""The composition root: which service gets which, once per process."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from alquimista.db.session import Database, UnitOfWork
from alquimista.files.store import FolderStore
from alquimista.http.services import Services
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.chamadas.idempotency import IdempotencyKeys
from alquimista.plataforma.chamadas.idempotency import erase as erase_answers
from alquimista.plataforma.chamadas.limits import UseLimits
from alquimista.plataforma.ferramentas.service import ServidorService
from alquimista.plataforma.identity.attempts import Attempts
from alquimista.plataforma.identity.builtin import BuiltInIdentity, machine_time
from alquimista.plataforma.identity.housekeeping import purge as purge_access
from alquimista.plataforma.identity.invitations import Invitations
from alquimista.plataforma.identity.letters import Carta, Correio, Letters
from alquimista.plataforma.identity.port import Identidade
from alquimista.plataforma.identity.service import IdentityService
from alquimista.plataforma.identity.signup import SignUps
from alquimista.plataforma.lgpd.registry import SubjectRegistry
from alquimista.plataforma.tenants.removal import remove_expired_signups
from alquimista.plataforma.tenants.service import TenantService
from alquimista.plataforma.webhooks.delivery import WebhookConsumer
from alquimista.plataforma.webhooks.fanout import WebhookFanout
from alquimista.plataforma.webhooks.service import WebhookService
from alquimista.prospeccao.agendamentos import service as agendamentos
from alquimista.prospeccao.agendamentos.context import AgendamentosContext
from alquimista.prospeccao.aprovacoes.context import AprovacoesContext
from alquimista.prospeccao.campanhas.context import CampanhasContext
from alquimista.prospeccao.conhecimento.context import ConhecimentoContext
from alquimista.prospeccao.conversas import service as conversas
from alquimista.prospeccao.conversas.context import ConversasContext
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.disparos.canais import Canal
from alquimista.prospeccao.disparos.context import DisparosContext
from alquimista.prospeccao.disparos.domain import Limites
from alquimista.prospeccao.disparos.fatos import Ambiente
from alquimista.prospeccao.disparos.sender import Sender
from alquimista.prospeccao.fusoes import comparacao as fusoes
from alquimista.prospeccao.fusoes.domain import TIMER as FUSOES
from alquimista.prospeccao.importacoes import service as importacoes
from alquimista.prospeccao.leads import privacidade
from alquimista.prospeccao.leads.chaves import LeadKeys
from alquimista.prospeccao.leads.context import LeadsContext
from alquimista.prospeccao.relatorios.context import RelatoriosContext
from alquimista.prospeccao.titulares.retencao import Retencao
from alquimista.prospeccao.titulares.service import TIMER as TITULAR
from alquimista.prospeccao.titulares.service import TitularService
from alquimista.runtime.admission import Catalogue, admit_all, installed
from alquimista.runtime.context import RuntimeContext, ServiceFactory
from alquimista.runtime.homes import AwsHome, Home, PostgresHome
from alquimista.runtime.journal import RunTools
from alquimista.runtime.lifecycle import AgentHooks
from alquimista.runtime.operations import OperationCaller, RunOperations
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import EventPublisher
from alquimista.runtime.purger import Purger
from alquimista.runtime.run import Run
from alquimista.runtime.runner import AgentConsumer
from alquimista.runtime.state import RunEvents, RunState
from alquimista.runtime.ticker import Ticker
from alquimista.runtime.timers_consumer import TimersConsumer
from alquimista.runtime.topology import SENDER_TIMEOUT, build_topology, deadline_of
from alquimista.sandbox.canais import channels
from alquimista.settings import Settings
from alquimista.tools.catalogue import build_registry
from alquimista_integrations.egress.addresses import Policy
from alquimista_integrations.egress.post import Poster
from alquimista_sdk.errors import (
    CriticalError,
    PermanentError,
    TransientError,
    VersionConflict,
)
from fibonacci_bus.aws import SqsQueues, lambda_handler
from fibonacci_bus.aws.handler import LambdaHandler
from fibonacci_bus.errors import ErrorClass, EventTooLarge
from fibonacci_bus.event import Event
from fibonacci_bus.ports import MessageSource
from fibonacci_bus.retention import Retention
from fibonacci_bus.timers import Timers
from fibonacci_bus.topology import Topology
from fibonacci_bus.worker import Consumer, Worker

logger = logging.getLogger(__name__)
_SIGNUP_KEPT = timedelta(days=5)
_SESSION_KEPT = timedelta(days=30)
OFFSETS_SQL = "SELECT id AS tenant_id, clock_offset FROM alquimista_platform.tenants"


@dataclass(frozen=True, slots=True)
class System:
    """All that one process needs; ``close`` gives the connections back."""

    services: Services
    consumers: Mapping[str, Consumer]
    ticker: Ticker
    keys: LeadKeys
    timers: Timers
    home: Home

    @property
    def settings(self) -> Settings:
        """The process's settings."""
        return self.services.settings

    @property
    def database(self) -> Database:
        """The process's engines."""
        return self.services.database

    @property
    def topology(self) -> Topology:
        """Queues and rules of the admitted agents."""
        return self.services.topology

    @property
    def purger(self) -> Purger:
        """Deletes what is older than its retention."""
        retention = Retention(events=self.settings.bus.events_kept)
        return Purger(self.database, self.topology, retention)

    def purge_access(self) -> dict[str, int]:
        """Delete ended sessions, used links and sign-ups that nobody confirmed; answers rows."""
        dsn, now = self.settings.owner_dsn, machine_time()
        gone = dict(purge_access(dsn, now - _SESSION_KEPT))
        files = self.services.ports.files
        gone["cadastros"] = remove_expired_signups(dsn, files, now - _SIGNUP_KEPT)
        return gone

    @property
    def retencao(self) -> Retencao:
        """Erases what is older than each tenant's setting."""
        return Retencao(self.database, self.services.tenants, self.services.registry)

    def worker(self, queues: tuple[str, ...] | None = None) -> Worker:
        """A worker of all queues that have a consumer, or of some; for one thread."""
        return self._worker(self.home.source(), queues)

    def sqs_handler(self) -> LambdaHandler:
        """The handler of a function that SQS queues feed.

        Raises:
            TypeError: the bus is not at home on AWS.
        """
        source = self.home.source()
        if not isinstance(source, SqsQueues):
            raise TypeError("ALQUIMISTA_BUS is not aws")
        return lambda_handler(source, self._worker(source, None))

    def _worker(self, source: MessageSource, queues: tuple[str, ...] | None) -> Worker:
        chosen = [c for name, c in self.consumers.items() if queues is None or name in queues]
        return Worker(
            source,
            self.database.scope,
            chosen,
            classify,
            on_critical=self._alert,
            lease_margin=self.settings.bus.lease_margin,
        )

    def close(self) -> None:
        """Close every pooled connection."""
        self.home.close()
        self.database.dispose()

    def _alert(self, event: Event, error: BaseException) -> None:
        """A critical error goes to the operators by e-mail, once per event."""
        with self.database.unit_of_work(event.tenant_id) as uow:
            disparos.request(
                self.services.ports,
                uow,
                tipo="interno",
                canal="email",
                assunto=f"[crítico] {type(error).__name__} em {event.source}.{event.type}",
                mensagem=(
                    f"Evento {event.id} ({event.source}.{event.type}) falhou de forma crítica: "
                    f"{type(error).__name__}. Rastreio: {event.trace_id}. "
                    "O evento está nas mensagens mortas; veja GET /api/dead-letters."
                ),
                chave=f"{event.tenant_id}-alerta-{event.id}",
                destinatarios=[self.settings.operadores],
                trace_id=event.trace_id,
            )


def classify(error: BaseException) -> ErrorClass:
    """How the bus treats an error: by its class, never by its text."""
    if isinstance(error, VersionConflict):
        return ErrorClass.CONFLICT
    if isinstance(error, CriticalError):
        return ErrorClass.CRITICAL
    if isinstance(error, TransientError):
        return ErrorClass.TRANSIENT
    if isinstance(
        error, PermanentError | EventTooLarge | IntegrityError | DataError | ProgrammingError
    ):
        return ErrorClass.PERMANENT
    return ErrorClass.TRANSIENT


def build(settings: Settings, *, catalogue: Catalogue | None = None) -> System:
    """Compose a process. Admits the installed agents unless a catalogue is given."""
    database = Database(settings.app_dsn, settings.relay_dsn)
    found = catalogue if catalogue is not None else admit_all(installed())
    topology = topology_of(settings, found)
    keys = LeadKeys(settings.key("chaves dos leads"))
    timers = Timers(OFFSETS_SQL)
    home: Home
    if settings.aws.home:
        home = AwsHome(database, topology, settings.aws)
    else:
        home = PostgresHome(database, topology, settings.relay_dsn)
    fanout = WebhookFanout()
    publisher = EventPublisher(home, keys, fanout.plan)
    policy = Policy(frozenset(settings.webhooks_locais))
    webhooks = WebhookService(
        policy, settings.key("webhooks"), publisher, settings.webhooks_carencia
    )
    servidores = ServidorService(database, policy, settings.key("servidores mcp"))
    ports = Ports(
        publisher=publisher,
        timers=timers,
        files=FolderStore(settings.home / "arquivos"),
        chaves=keys,
        chave_servidor=settings.key("supressao e links"),
        url_publica=settings.url_publica,
    )
    tenants = TenantService(found)
    correio = _correio(ports)
    access = _home(database, settings, correio)
    contexts = _Contexts(settings, database, ports, keys, publisher, tenants, found, servidores)
    services = Services(
        settings=settings,
        database=database,
        ports=ports,
        catalogue=found,
        topology=topology,
        publisher=publisher,
        tenants=tenants,
        identity=IdentityService(database, access),
        access=access,
        invitations=Invitations(
            database,
            access,
            correio,
            Letters(settings.url_publica),
            Attempts(database, settings.key("tentativas-login")),
            machine_time,
        ),
        registry=_registry(ports, keys, tenants),
        queues=home.source(),
        webhooks=webhooks,
        servidores=servidores,
        fanout=fanout,
        hooks=AgentHooks(found, database, tenants, contexts.make, contexts.operations),
        idempotency=IdempotencyKeys(database, settings.key("idempotencia")),
        limits=UseLimits(database, settings.api.por_chamador, settings.api.por_conta),
    )
    manifests = {slug: agent.manifest for slug, agent in found.admitted.items()}
    return System(
        services=services,
        consumers=_consumers(services, contexts),
        ticker=Ticker(database, timers, publisher, lambda: manifests, tenants.fuso),
        keys=keys,
        timers=timers,
        home=home,
    )


def installed_topology(settings: Settings) -> Topology:
    """Queues and rules of the installed agents; needs no database."""
    return topology_of(settings, admit_all(installed()))


def topology_of(settings: Settings, catalogue: Catalogue) -> Topology:
    """Queues and rules of admitted agents, with the limits of the settings."""
    return build_topology(
        (agent.manifest for agent in catalogue.admitted.values()),
        visibility_factor=settings.bus.visibility_factor,
        limit=settings.bus.agent_limit,
        limits=settings.bus.queues,
    )


class _Contexts:
    """Makes the context of a run: a factory per service of the contract."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        ports: Ports,
        keys: LeadKeys,
        publisher: EventPublisher,
        tenants: TenantService,
        catalogue: Catalogue,
        servidores: ServidorService,
    ) -> None:
        self._database = database
        self._tenants = tenants
        self.operations = OperationCaller(catalogue, self._config, self.make)
        self._factories: dict[str, ServiceFactory] = {
            "leads": lambda run: LeadsContext(run, ports),
            "campanhas": lambda run: CampanhasContext(run, ports),
            "aprovacoes": lambda run: AprovacoesContext(run, ports),
            "disparos": lambda run: DisparosContext(run, ports),
            "conversas": lambda run: ConversasContext(run, ports),
            "agendamentos": lambda run: AgendamentosContext(run, ports),
            "relatorios": lambda run: RelatoriosContext(run, ports),
            "conhecimento": lambda run: ConhecimentoContext(run, ports),
            "tools": lambda run: RunTools(
                run,
                lambda r: build_registry(
                    r.tenant, database, settings, None, servidores.registered(r.tenant.id)
                ),
                keys,
            ),
            "operations": lambda run: RunOperations(run, self.operations),
            "events": lambda run: RunEvents(run, publisher),
            "state": RunState,
        }

    def make(self, run: Run) -> RuntimeContext:
        """The context of one run."""
        return RuntimeContext(run, self._factories, self._denied)

    def _config(self, run: Run, slug: str) -> Mapping[str, Any] | None:
        with run.reading() as uow:
            return self._tenants.config(uow.connection, uow.tenant_id, slug)

    def _denied(self, run: Run, scope: str) -> None:
        with self._database.unit_of_work(run.tenant.id) as uow:
            record(
                uow,
                Ator("agente", run.manifest.slug, run.manifest.slug),
                "escopo.negado",
                resultado="recusado",
                detalhes={"escopo": scope},
                trace_id=run.trace_id,
            )


def _consumers(services: Services, contexts: _Contexts) -> dict[str, Consumer]:
    settings, database, ports = services.settings, services.database, services.ports
    limit = settings.bus.agent_limit
    core = deadline_of(SENDER_TIMEOUT.total_seconds(), limit)
    canais: Mapping[str, Canal] = channels(settings, database)
    sender = Sender(
        database,
        ports,
        canais,
        _sender_of(services.tenants),
        core,
        (settings.remetente, "Alquimista"),
    )
    platform = TimersConsumer(
        database,
        {
            conversas.TIMER: lambda uow, ref: conversas.finish_burst(ports, uow, ref),
            agendamentos.TIMER: agendamentos.expire,
            importacoes.TIMER: lambda uow, ref: importacoes.delete_file(ports, uow, ref),
            FUSOES: lambda uow, ref: fusoes.passo(ports, uow, ref),
            TITULAR: TitularService(ports, services.registry, services.tenants).remind,
        },
        core,
    )
    receivers = WebhookConsumer(
        database, ports, services.webhooks, Poster(services.webhooks.policy), time.time
    )
    own: tuple[Consumer, ...] = (sender, platform, receivers)
    consumers: dict[str, Consumer] = {consumer.name: consumer for consumer in own}
    for slug, agent in services.catalogue.admitted.items():
        consumers[slug] = AgentConsumer(
            agent, database, services.tenants, services.publisher, contexts.make, limit
        )
    return consumers


def _sender_of(tenants: TenantService) -> Any:
    def sender_of(uow: UnitOfWork) -> tuple[Ambiente, str, str]:
        facts, settings = tenants.facts_and_settings(uow)
        limites = Limites(
            settings.limites.por_hora,
            settings.limites.por_dia,
            timedelta(seconds=settings.limites.pausa_s),
        )
        ambiente = Ambiente(facts.fuso_horario, facts.sandbox, limites)
        return ambiente, facts.email_remetente, facts.nome

    return sender_of


def _home(database: Database, settings: Settings, correio: Correio) -> Identidade:
    """Where people sign in: the configured pool, or with us."""
    if settings.cognito is None:
        return BuiltInIdentity(database, settings, correio)
    from alquimista.plataforma.identity.cognito import CognitoIdentity
    from alquimista.plataforma.identity.pool import pool_client, pool_keys

    letters = Letters(settings.url_publica)
    return CognitoIdentity(
        database,
        settings.cognito,
        pool_client(settings.cognito),
        pool_keys(settings.cognito),
        SignUps(database, correio, letters, machine_time, sandbox=settings.sandbox),
        Attempts(database, settings.key("tentativas-login")),
        machine_time,
    )


def _correio(ports: Ports) -> Correio:
    """Letters about access are messages of their own kind to the platform's sender."""

    def hand_over(uow: UnitOfWork, carta: Carta, chave: UUID) -> None:
        disparos.request(
            ports,
            uow,
            tipo="conta",
            canal="email",
            assunto=carta.assunto,
            mensagem=carta.texto,
            chave=f"{uow.tenant_id}-conta-{chave}",
            destinatarios=[carta.para],
            trace_id=uuid4(),
        )

    return hand_over


def _registry(ports: Ports, keys: LeadKeys, tenants: TenantService) -> SubjectRegistry:
    registry = SubjectRegistry()
    found = TitularService(ports, registry, tenants)
    registry.register("pedidos_titular", found.erase_requests, found.export_requests)
    registry.register("chaves_idempotencia", erase_answers, lambda uow, lead_id: [])
    for store in privacidade.stores(ports, keys):
        registry.register(store.nome, store.erase, store.export)
    return registry
