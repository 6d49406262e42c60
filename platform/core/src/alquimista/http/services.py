"""What views reach: the process's services, put into the Flask app when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from alquimista.db.session import Database
    from alquimista.plataforma.chamadas.idempotency import IdempotencyKeys
    from alquimista.plataforma.chamadas.limits import UseLimits
    from alquimista.plataforma.ferramentas.service import ServidorService
    from alquimista.plataforma.identity.invitations import Invitations
    from alquimista.plataforma.identity.port import Identidade
    from alquimista.plataforma.identity.service import IdentityService
    from alquimista.plataforma.lgpd.registry import SubjectRegistry
    from alquimista.plataforma.tenants.service import TenantService
    from alquimista.plataforma.webhooks.fanout import WebhookFanout
    from alquimista.plataforma.webhooks.service import WebhookService
    from alquimista.runtime.admission import Catalogue
    from alquimista.runtime.lifecycle import AgentHooks
    from alquimista.runtime.ports import Ports
    from alquimista.runtime.publishing import EventPublisher
    from alquimista.settings import Settings
    from fibonacci_bus.ports import MessageSource
    from fibonacci_bus.topology import Topology

EXTENSION = "alquimista"


@dataclass(frozen=True, slots=True)
class Services:
    """Made once per process by ``bootstrap``; holds no request's state."""

    settings: Settings
    database: Database
    ports: Ports
    catalogue: Catalogue
    topology: Topology
    publisher: EventPublisher
    tenants: TenantService
    identity: IdentityService
    access: Identidade
    invitations: Invitations
    registry: SubjectRegistry
    queues: MessageSource
    webhooks: WebhookService
    servidores: ServidorService
    fanout: WebhookFanout
    hooks: AgentHooks
    idempotency: IdempotencyKeys
    limits: UseLimits


def services() -> Services:
    """The services of the current app."""
    return cast(Services, current_app.extensions[EXTENSION])
