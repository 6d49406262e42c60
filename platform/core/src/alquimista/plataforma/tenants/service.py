"""Tenants at run time: facts, settings, the configuration of their agents, their clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Text,
    bindparam,
    cast,
    literal,
    or_,
    select,
    text,
    update,
)

from alquimista.db.session import UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.marketplace.config import with_defaults
from alquimista.plataforma.marketplace.models import Agent, AgentActivation
from alquimista.plataforma.tenants.domain import (
    ConfiguracaoInvalida,
    Configuracoes,
    check_fuso,
)
from alquimista.plataforma.tenants.models import Tenant
from alquimista.plataforma.tenants.redacao import MODELO_DE_LINGUAGEM
from alquimista.runtime.admission import Catalogue
from alquimista_sdk.errors import NotFound, PermanentError
from alquimista_sdk.models import TenantFacts

ATIVO = "ativo"
SUSPENSO = "suspenso"
_ADMITIDO = "admitido"
_TENANT = (
    Tenant.nome,
    Tenant.fuso_horario,
    Tenant.sandbox,
    cast(Tenant.configuracoes, Text).label("configuracoes"),
)
_FACTS = select(*_TENANT).where(Tenant.id == bindparam("tenant"))
_ACTIVATION = (
    select(AgentActivation.config, *_TENANT)
    .join(Tenant, Tenant.id == AgentActivation.tenant_id)
    .join(Agent, Agent.slug == AgentActivation.agent_slug)
    .where(
        AgentActivation.tenant_id == bindparam("tenant"),
        AgentActivation.agent_slug == bindparam("slug"),
        AgentActivation.ativo,
    )
)
_ACTIVE = _ACTIVATION.where(
    Tenant.status == ATIVO, Agent.status == _ADMITIDO, Agent.suspenso.is_(False)
)
_SUSPENDED = _ACTIVATION.with_only_columns(literal(True)).where(
    Tenant.status.in_((ATIVO, SUSPENSO)),
    or_(Tenant.status == SUSPENSO, Agent.status != _ADMITIDO, Agent.suspenso),
)
# The version is of what people read and change; a clock that moves on would refuse their changes.
_MOVE_CLOCK = text(
    """
    UPDATE alquimista_platform.tenants
    SET clock_offset = clock_offset + :step
    WHERE id = :tenant AND sandbox RETURNING clock_offset
    """
)


_ACCOUNT = select(
    Tenant.nome,
    Tenant.fuso_horario,
    Tenant.sandbox,
    Tenant.status,
    Tenant.configuracoes,
    Tenant.versao,
)
_CHANNEL = text("SELECT tenant_id FROM alquimista_platform.find_channel(:channel, :address)")


@dataclass(frozen=True, slots=True)
class Conta:
    """A tenant as its people see it."""

    nome: str
    fuso_horario: str
    sandbox: bool
    status: str
    configuracoes: Configuracoes
    versao: int


class ConfiguracaoMudou(PermanentError):
    """Somebody else changed the settings since they were read. Read them again."""

    code = "versao_mudou"
    http_status = 412


class TenantService:
    """What the runtime and the platform ask about a tenant; one per process.

    ``modelo_de_linguagem``: whether the platform has one that a tenant may choose.
    """

    def __init__(self, catalogue: Catalogue, modelo_de_linguagem: bool = False) -> None:
        self._catalogue = catalogue
        self._modelo_de_linguagem = modelo_de_linguagem

    def facts(self, uow: UnitOfWork) -> TenantFacts:
        """What agents may know of the unit's tenant."""
        return self.facts_and_settings(uow)[0]

    def facts_and_settings(self, uow: UnitOfWork) -> tuple[TenantFacts, Configuracoes]:
        """What agents may know of the unit's tenant, and all of its settings."""
        row = uow.connection.execute(_FACTS, {"tenant": uow.tenant_id}).one()
        return _facts(uow.tenant_id, *row)

    def config(
        self, connection: Connection, tenant_id: UUID, slug: str
    ) -> Mapping[str, Any] | None:
        """The tenant's configuration of an agent, with the manifest's defaults.

        None where the tenant has not activated it, the agent was suspended, refused or is not
        installed here, or the tenant is not active: the allow-list that lets an agent run.
        """
        found = self.admission(connection, tenant_id, slug)
        return found[0] if found is not None else None

    def admission(
        self, connection: Connection, tenant_id: UUID, slug: str
    ) -> tuple[Mapping[str, Any], TenantFacts] | None:
        """What ``config`` answers, with the tenant's facts, in one message."""
        agent = self._catalogue.admitted.get(slug)
        if agent is None:
            return None
        row = connection.execute(_ACTIVE, {"tenant": tenant_id, "slug": slug}).one_or_none()
        if row is None:
            return None
        facts, _ = _facts(tenant_id, *row[1:])
        return with_defaults(agent.manifest.config_schema, row.config), facts

    def suspended(self, connection: Connection, tenant_id: UUID, slug: str) -> bool:
        """Whether the tenant has the agent active and may not use it for now.

        So it is where the tenant or the agent is suspended, or another process refused the agent.
        An agent that the tenant switched off, or that of a tenant that is leaving, is not.
        """
        asked = {"tenant": tenant_id, "slug": slug}
        return connection.execute(_SUSPENDED, asked).first() is not None

    def fuso(self, uow: UnitOfWork) -> str:
        """The IANA name of the unit's tenant's zone."""
        return fuso_of(uow)

    def settings(self, uow: UnitOfWork) -> Configuracoes:
        """The settings of the unit's tenant."""
        raw = uow.connection.execute(
            select(Tenant.configuracoes).where(Tenant.id == uow.tenant_id)
        ).scalar_one()
        return Configuracoes.from_column(raw)

    def save_settings(
        self, uow: UnitOfWork, configuracoes: Configuracoes, versao: int, ator: Ator
    ) -> None:
        """Replace the settings that were read at ``versao``.

        Raises:
            ConfiguracaoMudou: somebody else changed them meanwhile.
        """
        old = self.settings(uow).to_json()
        new = configuracoes.to_json()
        changed = uow.connection.execute(
            update(Tenant)
            .where(Tenant.id == uow.tenant_id, Tenant.versao == versao)
            .values(configuracoes=new, versao=Tenant.versao + 1)
        ).rowcount
        if not changed:
            raise ConfiguracaoMudou("As configurações mudaram desde que você as leu.")
        names = [name for name in new if new[name] != old.get(name)]
        record(
            uow,
            ator,
            "configuracoes_alteradas",
            alvo_tipo="tenant",
            alvo_id=uow.tenant_id,
            antes={name: old.get(name) for name in names},
            depois={name: new[name] for name in names},
        )

    def account(self, uow: UnitOfWork, *, lock: bool = False) -> Conta:
        """The unit's tenant as its people see it."""
        query = _ACCOUNT.where(Tenant.id == uow.tenant_id)
        row = uow.connection.execute(query.with_for_update() if lock else query).one()
        return _account(row)

    def change(self, uow: UnitOfWork, part: Mapping[str, Any], ator: Ator) -> Conta:
        """Change name, time zone or settings; see ``Configuracoes.changed`` for how they merge.

        Raises:
            ConfiguracaoInvalida: a value is wrong, or an address of ours belongs to another tenant.
        """
        before = self.account(uow, lock=True)
        rest = {name: value for name, value in part.items() if name not in ("nome", "fuso_horario")}
        settings = before.configuracoes.changed(rest)
        self._check_redator(before.configuracoes.redator, settings.redator)
        _check_channels(uow, settings)
        after = replace(
            before,
            nome=part.get("nome", before.nome).strip(),
            fuso_horario=check_fuso(part.get("fuso_horario", before.fuso_horario)),
            configuracoes=settings,
            versao=before.versao + 1,
        )
        uow.connection.execute(
            update(Tenant)
            .where(Tenant.id == uow.tenant_id)
            .values(
                nome=after.nome,
                fuso_horario=after.fuso_horario,
                configuracoes=settings.to_json(),
                versao=after.versao,
            )
        )
        record(
            uow,
            ator,
            "configuracoes_alteradas",
            alvo_tipo="tenant",
            alvo_id=uow.tenant_id,
            detalhes={"campos": sorted(part)},
        )
        _note_choices(uow, ator, before.configuracoes, settings)
        return after

    def _check_redator(self, antes: str, agora: str) -> None:
        if agora == MODELO_DE_LINGUAGEM and agora != antes and not self._modelo_de_linguagem:
            raise ConfiguracaoInvalida("redator", "a plataforma não tem um modelo de linguagem")

    def set_clock(self, uow: UnitOfWork, offset: timedelta) -> None:
        """Move the tenant's business time to machine time plus ``offset``.

        Raises:
            PermanentError: the tenant is not a sandbox; its clock is the machine's.
        """
        set_clock(uow, offset)

    def move_clock(self, uow: UnitOfWork, step: timedelta) -> timedelta:
        """Move the tenant's business time ``step`` ahead; answers the offset that it has now.

        Raises:
            PermanentError: the tenant is not a sandbox, or the step goes back.
        """
        if step < timedelta(0):
            raise PermanentError("O relógio não volta.")
        offset: timedelta | None = uow.connection.execute(
            _MOVE_CLOCK, {"tenant": uow.tenant_id, "step": step}
        ).scalar_one_or_none()
        if offset is None:
            raise PermanentError("Só uma conta de demonstração pode mudar o relógio.")
        return offset


def _facts(
    tenant_id: UUID, nome: str, fuso_horario: str, sandbox: bool, configuracoes: str
) -> tuple[TenantFacts, Configuracoes]:
    settings = _settings(configuracoes)
    return settings.facts(tenant_id, nome, fuso_horario, sandbox), settings


@lru_cache(maxsize=512)
def _settings(column: str) -> Configuracoes:
    """Settings are read for every event and change once in a while."""
    return Configuracoes.from_column(json.loads(column))


def _account(row: Any) -> Conta:
    return Conta(
        nome=row.nome,
        fuso_horario=row.fuso_horario,
        sandbox=row.sandbox,
        status=row.status,
        configuracoes=Configuracoes.from_column(row.configuracoes),
        versao=row.versao,
    )


def _note_choices(uow: UnitOfWork, ator: Ator, before: Configuracoes, after: Configuracoes) -> None:
    """What a person would look for by its name: consent to learn, and who gets the messages."""
    if after.aprendizado != before.aprendizado:
        record(
            uow,
            ator,
            "aprendizado_consentido" if after.aprendizado.ativo else "aprendizado_revogado",
            alvo_tipo="tenant",
            alvo_id=uow.tenant_id,
            detalhes=after.aprendizado.to_json(),
        )
    if after.redator != before.redator:
        record(
            uow,
            ator,
            "redator_escolhido",
            alvo_tipo="tenant",
            alvo_id=uow.tenant_id,
            antes={"redator": before.redator},
            depois={"redator": after.redator},
        )


def _check_channels(uow: UnitOfWork, settings: Configuracoes) -> None:
    """What comes in finds one tenant by its address: nobody takes another's."""
    canais = {"email": settings.canais.email, "whatsapp": settings.canais.whatsapp}
    for channel, address in canais.items():
        if address is None:
            continue
        held = uow.connection.execute(
            _CHANNEL, {"channel": channel, "address": address}
        ).scalar_one_or_none()
        if held is not None and held != uow.tenant_id:
            raise ConfiguracaoInvalida(f"canais.{channel}", "este endereço é de outra conta")


def fuso_of(uow: UnitOfWork) -> str:
    """The IANA name of the unit's tenant's zone."""
    fuso: str = uow.connection.execute(
        select(Tenant.fuso_horario).where(Tenant.id == uow.tenant_id)
    ).scalar_one()
    return fuso


def set_clock(uow: UnitOfWork, offset: timedelta) -> None:
    """Move a sandbox tenant's business time; see ``TenantService.set_clock``."""
    sandbox = uow.connection.execute(
        select(Tenant.sandbox).where(Tenant.id == uow.tenant_id).with_for_update()
    ).scalar_one_or_none()
    if sandbox is None:
        raise NotFound("Conta não encontrada.")
    if not sandbox:
        raise PermanentError("Só uma conta de demonstração pode mudar o relógio.")
    uow.connection.execute(
        update(Tenant).where(Tenant.id == uow.tenant_id).values(clock_offset=offset)
    )
