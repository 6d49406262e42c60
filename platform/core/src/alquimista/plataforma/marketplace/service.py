"""Use cases of the marketplace: the catalogue, and what a tenant has active."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from sqlalchemy import create_engine, select, update
from sqlalchemy.dialects.postgresql import insert

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.marketplace.config import validate, with_defaults
from alquimista.plataforma.marketplace.models import Agent, AgentActivation
from alquimista.plataforma.tenants.service import fuso_of
from alquimista.runtime.admission import AdmittedAgent, Catalogue
from alquimista.runtime.ports import Ports
from alquimista.runtime.ticker import SCHEDULE_PREFIX, next_run
from alquimista_sdk.errors import AlquimistaError, NotFound, PermanentError
from alquimista_sdk.manifest import Manifest

ADMITIDO = "admitido"
RECUSADO = "recusado"
NAO_INSTALADO = "the package is not installed"


class AgenteRecusado(PermanentError):
    """Admission refused the agent, or the platform suspended it; the message says why."""

    code = "agente_recusado"
    http_status = HTTPStatus.CONFLICT


class GanchoFalhou(AlquimistaError):
    """The agent's own code failed while it was being activated; the activation was undone."""

    code = "agente_falhou"
    http_status = HTTPStatus.CONFLICT


@dataclass(frozen=True, slots=True)
class AgenteNoCatalogo:
    """An agent as the tenant sees it. ``manifesto`` is empty where it could not be read.

    ``revisao`` is of the tenant's own part of it; 0 where it never had the agent.
    """

    slug: str
    titulo: str
    status: str
    versao: str | None
    erro: str | None
    suspenso: bool
    manifesto: Mapping[str, Any]
    ativo: bool
    versao_ativa: str | None
    config: Mapping[str, Any]
    revisao: int = 0


@dataclass(frozen=True, slots=True)
class Ativacao:
    """What an activation changed: ``anterior`` is the version that was active before, if any."""

    slug: str
    versao: str
    anterior: str | None

    @property
    def nova(self) -> bool:
        """The agent was not active."""
        return self.anterior is None

    @property
    def atualizada(self) -> bool:
        """The agent was active in another version."""
        return self.anterior is not None and self.anterior != self.versao


def sync_catalogue(owner_dsn: str, catalogue: Catalogue) -> None:
    """Write what admission found to the table ``agents``, as the owner login, at start.

    What is no longer installed stays, refused; a suspension stays as it was.
    """
    rows = [_row(slug, agent.manifest, None) for slug, agent in catalogue.admitted.items()]
    rows += [_row(slug, agent.manifest, agent.error) for slug, agent in catalogue.refused.items()]
    engine = create_engine(owner_dsn)
    with engine.begin() as connection:
        for row in rows:
            statement = insert(Agent).values(**row)
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["slug"],
                    set_={name: statement.excluded[name] for name in row if name != "slug"},
                )
            )
        connection.execute(
            update(Agent)
            .where(Agent.slug.not_in([row["slug"] for row in rows]), Agent.status == ADMITIDO)
            .values(status=RECUSADO, erro=NAO_INSTALADO, updated_at=datetime.now(UTC))
        )
    engine.dispose()


def list_agents(uow: UnitOfWork, catalogue: Catalogue) -> list[AgenteNoCatalogo]:
    """Every agent of this installation with its state for the unit's tenant, by slug."""
    active = {
        row.agent_slug: row
        for row in uow.connection.execute(
            select(
                AgentActivation.agent_slug,
                AgentActivation.ativo,
                AgentActivation.versao_agente,
                AgentActivation.config,
                AgentActivation.versao,
            ).where(AgentActivation.tenant_id == uow.tenant_id)
        )
    }
    suspended = set(
        uow.connection.execute(select(Agent.slug).where(Agent.suspenso)).scalars().all()
    )
    found = []
    for slug in sorted({*catalogue.admitted, *catalogue.refused}):
        refused = catalogue.refused.get(slug)
        manifest = (refused or catalogue.admitted[slug]).manifest
        row = active.get(slug)
        is_active = row is not None and row.ativo and refused is None
        found.append(
            AgenteNoCatalogo(
                slug=slug,
                titulo=manifest.title if manifest is not None else slug,
                status=RECUSADO if refused is not None else ADMITIDO,
                versao=manifest.version if manifest is not None else None,
                erro=refused.error if refused is not None else None,
                suspenso=slug in suspended,
                manifesto=manifest_json(manifest) if manifest is not None else {},
                ativo=is_active,
                versao_ativa=row.versao_agente if row is not None and row.ativo else None,
                config=with_defaults(
                    manifest.config_schema if manifest is not None else {},
                    row.config if row is not None else {},
                ),
                revisao=row.versao if row is not None else 0,
            )
        )
    return found


def get_agent(uow: UnitOfWork, catalogue: Catalogue, slug: str) -> AgenteNoCatalogo:
    """One agent. Raises ``NotFound`` where it is not installed."""
    found = next((agent for agent in list_agents(uow, catalogue) if agent.slug == slug), None)
    if found is None:
        raise NotFound("Agente não encontrado.")
    return found


def activate(
    ports: Ports,
    uow: UnitOfWork,
    catalogue: Catalogue,
    slug: str,
    config: Mapping[str, Any] | None,
    ator: Ator,
) -> Ativacao:
    """Activate an agent, bring it to the installed version or change its configuration.

    Without ``config`` the one that it had before stays. The agent's hook is the caller's to run
    once this has committed.

    Raises:
        NotFound: it is not installed.
        AgenteRecusado: admission refused it, or it is suspended.
        ConfigInvalida: the configuration breaks its schema.
    """
    agent = _admitted(uow, catalogue, slug)
    known = uow.connection.execute(
        select(AgentActivation.ativo, AgentActivation.versao_agente, AgentActivation.config)
        .where(AgentActivation.tenant_id == uow.tenant_id, AgentActivation.agent_slug == slug)
        .with_for_update()
    ).one_or_none()
    wanted = config if config is not None else (known.config if known is not None else {})
    checked = validate(agent.manifest.config_schema, wanted)
    anterior = known.versao_agente if known is not None and known.ativo else None
    version = agent.manifest.version
    _upsert(uow, slug, version, checked)
    fuso = fuso_of(uow)
    for schedule in agent.manifest.schedules:
        ports.timers.schedule(
            uow.connection,
            uow.tenant_id,
            next_run(schedule.cron, uow.agora, fuso),
            timer_kind(slug, schedule.name),
            uow.tenant_id,
        )
    record(
        uow,
        ator,
        "agente_ativado",
        alvo_tipo="agente",
        detalhes={"agente": slug, "versao": version, "anterior": anterior},
    )
    return Ativacao(slug, version, anterior)


def deactivate(
    ports: Ports,
    uow: UnitOfWork,
    catalogue: Catalogue,
    slug: str,
    ator: Ator,
    *,
    motivo: str | None = None,
) -> bool:
    """Deactivate an agent and cancel its schedules; False where it was not active.

    Its configuration and state stay. A refused agent can be deactivated too.

    Raises:
        NotFound: the tenant never had it and it is not installed.
    """
    changed = uow.connection.execute(
        update(AgentActivation)
        .where(
            AgentActivation.tenant_id == uow.tenant_id,
            AgentActivation.agent_slug == slug,
            AgentActivation.ativo,
        )
        .values(ativo=False, updated_at=uow.agora, versao=AgentActivation.versao + 1)
    ).rowcount
    installed = catalogue.admitted.get(slug) or catalogue.refused.get(slug)
    if not changed and installed is None:
        raise NotFound("Agente não encontrado.")
    manifest = installed.manifest if installed is not None else None
    for schedule in manifest.schedules if manifest is not None else ():
        ports.timers.cancel(
            uow.connection, uow.tenant_id, timer_kind(slug, schedule.name), uow.tenant_id
        )
    if changed:
        record(
            uow,
            ator,
            "agente_desativado",
            alvo_tipo="agente",
            resultado="ok" if motivo is None else "erro",
            detalhes={"agente": slug, "motivo": motivo},
        )
    return bool(changed)


def revision(uow: UnitOfWork, slug: str) -> int:
    """The version of the tenant's activation, locked; 0 where it never had the agent."""
    found: int | None = uow.connection.execute(
        select(AgentActivation.versao)
        .where(AgentActivation.tenant_id == uow.tenant_id, AgentActivation.agent_slug == slug)
        .with_for_update()
    ).scalar_one_or_none()
    return found or 0


def is_active(uow: UnitOfWork, slug: str) -> bool:
    """Whether the tenant has the agent active."""
    found: bool | None = uow.connection.execute(
        select(AgentActivation.ativo).where(
            AgentActivation.tenant_id == uow.tenant_id, AgentActivation.agent_slug == slug
        )
    ).scalar_one_or_none()
    return bool(found)


def timer_kind(slug: str, schedule: str) -> str:
    """The kind of the timer of an agent's schedule."""
    return f"{SCHEDULE_PREFIX}{slug}:{schedule}"


def manifest_json(manifest: Manifest) -> dict[str, Any]:
    """A manifest as JSON; dates that TOML may hold become text."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(manifest), default=str))
    return plain


def _admitted(uow: UnitOfWork, catalogue: Catalogue, slug: str) -> AdmittedAgent:
    refused = catalogue.refused.get(slug)
    if refused is not None:
        raise AgenteRecusado(f"O agente não pode ser ativado: {refused.error}")
    agent = catalogue.admitted.get(slug)
    if agent is None:
        raise NotFound("Agente não encontrado.")
    suspended = uow.connection.execute(
        select(Agent.suspenso).where(Agent.slug == slug)
    ).scalar_one_or_none()
    if suspended:
        raise AgenteRecusado("O agente está suspenso pela plataforma.")
    return agent


def _upsert(uow: UnitOfWork, slug: str, version: str, config: Mapping[str, Any]) -> None:
    row = insert(AgentActivation).values(
        id=uuid4(),
        tenant_id=uow.tenant_id,
        agent_slug=slug,
        versao_agente=version,
        ativo=True,
        config=dict(config),
        created_at=uow.agora,
        updated_at=uow.agora,
    )
    uow.connection.execute(
        row.on_conflict_do_update(
            constraint="uq_agent_activations_agent",
            set_={
                "versao_agente": row.excluded.versao_agente,
                "ativo": True,
                "config": row.excluded.config,
                "updated_at": row.excluded.updated_at,
                "versao": AgentActivation.versao + 1,
            },
        )
    )


def _row(slug: str, manifest: Manifest | None, error: str | None) -> dict[str, Any]:
    return {
        "slug": slug,
        "versao_instalada": manifest.version if manifest is not None else None,
        "titulo": manifest.title if manifest is not None else slug,
        "status": ADMITIDO if error is None else RECUSADO,
        "erro": error,
        "manifesto": manifest_json(manifest) if manifest is not None else {},
        "updated_at": datetime.now(UTC),
    }
