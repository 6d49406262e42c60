"""The composition root: which service gets which, once per process."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from alquimista.contexts import Contexts
from alquimista.db.session import Database, UnitOfWork
from alquimista.files.store import FolderStore
from alquimista.http.services import Services
from alquimista.plataforma.chamadas.idempotency import IdempotencyKeys
from alquimista.plataforma.chamadas.idempotency import erase as erase_answers
from alquimista.plataforma.chamadas.limits import UseLimits
from alquimista.plataforma.ferramentas.service import ServidorService
from alquimista.plataforma.identity.attempts import Attempts
from alquimista.plataforma.identity.builtin import BuiltInIdentity, machine_time
from alquimista.plataforma.identity.invitations import Invitations
from alquimista.plataforma.identity.letters import Carta, Correio, Letters
from alquimista.plataforma.identity.port import Identidade
from alquimista.plataforma.identity.service import IdentityService
from alquimista.plataforma.identity.signup import SignUps
from alquimista.plataforma.lgpd.registry import SubjectRegistry
from alquimista.plataforma.tenants.service import TenantService
from alquimista.plataforma.webhooks.delivery import WebhookConsumer
from alquimista.plataforma.webhooks.fanout import WebhookFanout
from alquimista.plataforma.webhooks.service import WebhookService
from alquimista.prospeccao.agendamentos import reservas
from alquimista.prospeccao.conversas import service as conversas
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.disparos.canais import Canal
from alquimista.prospeccao.disparos.domain import Limites
from alquimista.prospeccao.disparos.fatos import Ambiente
from alquimista.prospeccao.disparos.sender import Sender
from alquimista.prospeccao.fusoes import comparacao as fusoes
from alquimista.prospeccao.fusoes.domain import TIMER as FUSOES
from alquimista.prospeccao.importacoes import service as importacoes
from alquimista.prospeccao.leads import privacidade
from alquimista.prospeccao.leads.chaves import LeadKeys
from alquimista.prospeccao.titulares.service import TIMER as TITULAR
from alquimista.prospeccao.titulares.service import TitularService
from alquimista.runtime.admission import Catalogue, admit_all, installed
from alquimista.runtime.homes import AwsHome, Home, PostgresHome
from alquimista.runtime.lifecycle import AgentHooks
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import EventPublisher
from alquimista.runtime.runner import AgentConsumer
from alquimista.runtime.ticker import Ticker
from alquimista.runtime.timers_consumer import TimersConsumer
from alquimista.runtime.topology import SENDER_TIMEOUT, build_topology, deadline_of
from alquimista.sandbox.canais import channels
from alquimista.settings import Settings
from alquimista.system import System, classify
from alquimista.tools.catalogue import prepare
from alquimista_integrations.egress.addresses import Policy
from alquimista_integrations.egress.post import Poster
from fibonacci_bus.timers import Timers
from fibonacci_bus.topology import Topology
from fibonacci_bus.worker import Consumer

__all__ = ["OFFSETS_SQL", "System", "build", "classify", "installed_topology", "topology_of"]
OFFSETS_SQL = "SELECT id AS tenant_id, clock_offset FROM alquimista_platform.tenants"


def build(settings: Settings, *, catalogue: Catalogue | None = None) -> System:
    """Compose a process. Admits the installed agents unless a catalogue is given."""
    prepare(settings)
    database = Database(settings.app_dsn, settings.relay_dsn, prepare=settings.preparar)
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
    tenants = TenantService(found, settings.outside.llm.token is not None)
    correio = _correio(ports)
    access = _home(database, settings, correio)
    contexts = Contexts(settings, database, ports, keys, publisher, tenants, found, servidores)
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


def _consumers(services: Services, contexts: Contexts) -> dict[str, Consumer]:
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
            reservas.TIMER: lambda uow, ref: reservas.expire(ports, uow, ref),
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
        ambiente = Ambiente(
            facts.fuso_horario,
            facts.sandbox,
            limites,
            settings.modelos_whatsapp,
            settings.nome_vendedor,
            facts.nome,
        )
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
