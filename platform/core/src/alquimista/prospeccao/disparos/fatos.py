"""What the gate looks at, read in the authorising transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select

from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.aprovacoes import service as aprovacoes
from alquimista.prospeccao.campanhas.models import Campanha
from alquimista.prospeccao.conversas.models import Interacao
from alquimista.prospeccao.disparos.domain import Fatos, Limites, Ritmo
from alquimista.prospeccao.disparos.horario import fuso_do_lead
from alquimista.prospeccao.disparos.models import Disparo, DisparoRitmo
from alquimista.prospeccao.leads.models import Blocklist
from alquimista.runtime.ports import Ports

_HORA = timedelta(hours=1)
_DIA = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Ambiente:
    """The tenant's side of the gate."""

    fuso: str
    sandbox: bool
    limites: Limites


def of_lead(
    ports: Ports,
    uow: UnitOfWork,
    disparo: Row[Any],
    lead: Row[Any],
    ambiente: Ambiente,
    canal_sandbox: bool,
) -> Fatos:
    """The facts of a message to a lead."""
    ultima = _last_received(uow, lead)
    campanha = _campaign(uow, disparo)
    return Fatos(
        destino=lead.email if disparo.canal == "email" else (lead.whatsapp_id or lead.telefone),
        suprimido=_suppressed(ports, uow, lead),
        status_lead=lead.status,
        fuso=fuso_do_lead(lead.telefone, lead.uf, ambiente.fuso),
        uf=lead.uf,
        base_legal=lead.base_legal,
        opt_in_whatsapp=bool(lead.metadata.get("opt_in_whatsapp")),
        ultima_mensagem_do_lead=ultima,
        modelo_aprovado=bool(campanha is not None and campanha.canal == "whatsapp"),
        campanha_status=campanha.status if campanha is not None else None,
        aprovacao_vale=campanha is not None
        and aprovacoes.holds(uow, campanha.id, campanha.conteudo_hash),
        respondeu=ultima is not None,
        assumido_por_pessoa=lead.assumido_por is not None
        and disparo.token_conversa != lead.token_conversa,
        pausado=lead.pausado,
        limites=ambiente.limites,
        ritmo=_pace(uow, ambiente.limites) if disparo.tipo == "prospeccao" else Ritmo(),
        ultimo_ao_lead=_last_sent(uow, lead) if disparo.tipo == "prospeccao" else None,
        tenant_sandbox=ambiente.sandbox,
        canal_sandbox=canal_sandbox,
    )


def without_lead(disparo: Row[Any], ambiente: Ambiente, canal_sandbox: bool) -> Fatos:
    """The facts of a message to people of the tenant, or to addresses kept in the row."""
    return Fatos(
        destino=(disparo.destinatarios or [None])[0],
        suprimido=False,
        status_lead="",
        fuso=ambiente.fuso,
        limites=ambiente.limites,
        tenant_sandbox=ambiente.sandbox,
        canal_sandbox=canal_sandbox,
    )


def _campaign(uow: UnitOfWork, disparo: Row[Any]) -> Row[Any] | None:
    if disparo.campanha_id is None:
        return None
    return uow.connection.execute(
        select(Campanha.id, Campanha.status, Campanha.conteudo_hash, Campanha.canal).where(
            Campanha.tenant_id == uow.tenant_id, Campanha.id == disparo.campanha_id
        )
    ).one_or_none()


def _suppressed(ports: Ports, uow: UnitOfWork, lead: Row[Any]) -> bool:
    ways = [Blocklist.lead_id == lead.id]
    if lead.email_norm:
        ways.append(Blocklist.email_hmac == ports.digest("email", lead.email_norm))
    if lead.telefone_norm:
        ways.append(Blocklist.telefone_hmac == ports.digest("telefone", lead.telefone_norm))
    found = uow.connection.execute(
        select(Blocklist.id).where(Blocklist.tenant_id == uow.tenant_id, or_(*ways)).limit(1)
    ).first()
    return found is not None


def _last_received(uow: UnitOfWork, lead: Row[Any]) -> Any:
    return uow.connection.execute(
        select(func.max(Interacao.created_at)).where(
            Interacao.tenant_id == uow.tenant_id,
            Interacao.lead_id == lead.id,
            Interacao.tipo == "recebido",
        )
    ).scalar_one()


def _last_sent(uow: UnitOfWork, lead: Row[Any]) -> Any:
    return uow.connection.execute(
        select(func.max(Disparo.autorizado_em)).where(
            Disparo.tenant_id == uow.tenant_id,
            Disparo.lead_id == lead.id,
            Disparo.tipo == "prospeccao",
        )
    ).scalar_one()


def _pace(uow: UnitOfWork, limites: Limites) -> Ritmo:
    """The rolling windows (decision 15): they count authorisations of prospecting messages."""

    def since(window: timedelta) -> tuple[Any, ...]:
        return (
            Disparo.tenant_id == uow.tenant_id,
            Disparo.tipo == "prospeccao",
            Disparo.autorizado_em > uow.agora - window,
        )

    def count(window: timedelta) -> Any:
        return select(func.count()).select_from(Disparo).where(*since(window)).scalar_subquery()

    def nth(window: timedelta, limit: int) -> Any:
        return (
            select(Disparo.autorizado_em)
            .where(*since(window))
            .order_by(Disparo.autorizado_em.desc())
            .offset(max(limit - 1, 0))
            .limit(1)
            .scalar_subquery()
        )

    row = uow.connection.execute(
        select(
            count(_HORA),
            count(_DIA),
            nth(_HORA, limites.por_hora),
            nth(_DIA, limites.por_dia),
            select(DisparoRitmo.ultimo_autorizado_em)
            .where(DisparoRitmo.tenant_id == uow.tenant_id)
            .scalar_subquery(),
        )
    ).one()
    return Ritmo(
        na_hora=row[0],
        no_dia=row[1],
        libera_hora=row[2] + _HORA if row[2] is not None else None,
        libera_dia=row[3] + _DIA if row[3] is not None else None,
        ultimo=row[4],
    )
