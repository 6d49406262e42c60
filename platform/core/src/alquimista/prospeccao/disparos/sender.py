"""The sender: the only one who calls a channel, always behind the gate.

Decision 15: a first transaction locks the tenant's pacing row, checks and writes ``enviando``;
then the call, with no transaction open; a second transaction writes ``enviado``, ``falhou`` or
``incerto``. A run that finds its own ``enviando`` row was cut off by a crash: it asks the channel
what became of the message and never sends blindly again (decision 16); one that surely was not
sent goes back to the gate, for an opt-out may have come in between. A message that is tried again
is asked about first: it may have been on its way where a lease ended early.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, Row, bindparam, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert

from alquimista.db.base import table_of
from alquimista.db.session import Database, UnitOfWork
from alquimista.prospeccao.disparos import fatos
from alquimista.prospeccao.disparos.canais import Canal, Envio
from alquimista.prospeccao.disparos.domain import Fatos, Pedido, Veredito, avaliar, na_janela
from alquimista.prospeccao.disparos.fatos import Ambiente
from alquimista.prospeccao.disparos.modelos import ModeloPreenchido, preencher
from alquimista.prospeccao.disparos.models import Disparo, DisparoRitmo
from alquimista.prospeccao.disparos.outcome import Outcome, Outcomes
from alquimista.prospeccao.leads import service as leads
from alquimista.prospeccao.leads.saida import token_de
from alquimista.runtime.ports import Ports
from alquimista.runtime.topology import SENDER_QUEUE, SENDER_TIMEOUT
from alquimista_sdk.errors import NotFound, PermanentError, TransientError
from fibonacci_bus.event import Event

logger = logging.getLogger(__name__)
DISPAROS = table_of(Disparo)
_LOCK = (
    select(DISPAROS)
    .where(DISPAROS.c.tenant_id == bindparam("tenant"), DISPAROS.c.id == bindparam("disparo"))
    .with_for_update()
)
_LOCK_PACE = (
    select(DisparoRitmo.id).where(DisparoRitmo.tenant_id == bindparam("tenant")).with_for_update()
)
_PERMIT = text(
    """
    WITH ritmo AS (
        UPDATE nigredo_leads.disparo_ritmos
        SET ultimo_autorizado_em = :agora, versao = versao + 1
        WHERE tenant_id = :tenant AND :marca_ritmo
    )
    UPDATE nigredo_leads.disparos
    SET status = 'enviando', motivo = NULL, autorizado_em = :agora, autorizado_por = :evento,
        verificacoes = :verificacoes, versao = versao + 1
    WHERE tenant_id = :tenant AND id = :disparo
    """
).bindparams(bindparam("verificacoes", type_=JSONB))


class Remetente(Protocol):
    """What the sender asks of the platform about the tenant."""

    def __call__(self, uow: UnitOfWork) -> tuple[Ambiente, str, str]:
        """The tenant's side of the gate, its sender address and its name."""


@dataclass(frozen=True, slots=True)
class _Authorised:
    envio: Envio
    disparo: Row[Any]
    crashed: bool


class Sender:
    """Consumer of the sender's queue: one event, one message that is due."""

    name = SENDER_QUEUE

    def __init__(
        self,
        database: Database,
        ports: Ports,
        canais: Mapping[str, Canal],
        remetente: Remetente,
        deadline: timedelta = SENDER_TIMEOUT,
        plataforma: tuple[str, str] = ("acesso@alquimista.example", "Alquimista"),
    ) -> None:
        self.deadline = deadline
        self._database = database
        self._ports = ports
        self._canais = canais
        self._remetente = remetente
        self._plataforma = plataforma
        self._outcomes = Outcomes(ports)

    def admit(self, connection: Connection, event: Event) -> bool:
        """Everything on this queue is the core's own; a replay without effects sends nothing."""
        return event.effects

    def run(self, event: Event, attempt: int) -> Callable[[Connection], None]:
        """Authorise, call, and answer what the commit writes."""
        disparo_id = UUID(event.detail["context"]["metadata"]["ref_id"])
        with self._database.unit_of_work(event.tenant_id) as uow:
            authorised = self._authorise(uow, disparo_id, event.id)
        if authorised is None:
            return _nothing
        outcome = self._call(authorised)

        def commit(connection: Connection) -> None:
            uow = self._database.join(connection, event.tenant_id)
            self._outcomes.record(uow, authorised.disparo, outcome)

        return commit

    def _authorise(self, uow: UnitOfWork, disparo_id: UUID, event_id: UUID) -> _Authorised | None:
        _lock_pace(uow)
        disparo = uow.connection.execute(
            _LOCK, {"tenant": uow.tenant_id, "disparo": disparo_id}
        ).one_or_none()
        if disparo is None:
            return None
        lead = self._lead(uow, disparo)
        ambiente, endereco, nome = self._remetente(uow)
        if disparo.status == "enviando" and disparo.autorizado_por == event_id:
            envio = self._envio(uow, disparo, lead, endereco, nome)
            return _Authorised(envio, disparo, crashed=True)
        if disparo.status != "planejado":
            return None
        if disparo.canal not in self._canais:
            erro = f"o canal {disparo.canal} não está configurado"
            self._outcomes.record(uow, disparo, Outcome("falhou", erro=erro))
            return None
        facts = self._facts(uow, disparo, lead, ambiente)
        veredito = avaliar(Pedido(disparo.tipo, disparo.canal, uow.agora, disparo.etapa), facts)
        if not veredito.permitido:
            self._outcomes.refuse(uow, disparo, veredito, facts, ambiente.fuso)
            return None
        self._permit(uow, disparo, veredito, event_id)
        envio = self._envio(uow, disparo, lead, endereco, nome)
        modelo = _template(uow, disparo, lead, ambiente, facts)
        return _Authorised(replace(envio, modelo=modelo), disparo, crashed=False)

    def _lead(self, uow: UnitOfWork, disparo: Row[Any]) -> Row[Any] | None:
        if disparo.lead_id is None:
            return None
        try:
            return leads.find(uow, disparo.lead_id)
        except NotFound:
            return None

    def _facts(
        self, uow: UnitOfWork, disparo: Row[Any], lead: Row[Any] | None, ambiente: Ambiente
    ) -> Fatos:
        canal = self._canais[disparo.canal]
        if lead is None or disparo.destinatarios:
            return fatos.without_lead(disparo, ambiente, canal.sandbox)
        return fatos.of_lead(self._ports, uow, disparo, lead, ambiente, canal.sandbox)

    def _permit(
        self, uow: UnitOfWork, disparo: Row[Any], veredito: Veredito, event_id: UUID
    ) -> None:
        uow.connection.execute(
            _PERMIT,
            {
                "tenant": uow.tenant_id,
                "disparo": disparo.id,
                "agora": uow.agora,
                "evento": event_id,
                "verificacoes": self._outcomes.checks(veredito),
                "marca_ritmo": disparo.tipo == "prospeccao",
            },
        )

    def _envio(
        self, uow: UnitOfWork, disparo: Row[Any], lead: Row[Any] | None, endereco: str, nome: str
    ) -> Envio:
        if disparo.tipo == "conta":
            endereco, nome = self._plataforma
        if disparo.destinatarios:
            destinatarios = tuple(disparo.destinatarios)
        elif lead is not None:
            own = lead.email if disparo.canal == "email" else (lead.whatsapp_id or lead.telefone)
            destinatarios = (own,)
        else:
            destinatarios = ()
        link = None
        if lead is not None and disparo.tipo in ("prospeccao", "resposta"):
            token = token_de(self._ports.digest, uow.tenant_id, lead.id)
            link = f"{self._ports.url_publica}/descadastro/{token}"
        return Envio(
            tenant_id=uow.tenant_id,
            disparo_id=disparo.id,
            lead_id=disparo.lead_id,
            chave=disparo.chave_idempotencia,
            canal=disparo.canal,
            remetente=endereco,
            remetente_nome=nome,
            destinatarios=destinatarios,
            assunto=disparo.assunto,
            mensagem=disparo.mensagem,
            anexos=self._outcomes.attachments(uow, disparo),
            link_descadastro=link,
            em_resposta_a=None,
            modelo=None,
            agora=uow.agora,
        )

    def _call(self, authorised: _Authorised) -> Outcome:
        canal = self._canais[authorised.envio.canal]
        if authorised.crashed:
            state, provider_id = canal.lookup(authorised.envio)
            if state == "enviado":
                return Outcome("enviado", provider_id)
            if state == "desconhecido":
                return Outcome("incerto", erro="o processo caiu durante o envio")
            return Outcome("planejado", erro="o processo caiu antes do envio")
        if authorised.disparo.adiamentos:
            state, provider_id = canal.lookup(authorised.envio)
            if state == "enviado":
                return Outcome("enviado", provider_id)
        try:
            return Outcome("enviado", canal.send(authorised.envio))
        except TransientError as error:
            logger.warning("channel failed for now", extra={"error": str(error)})
            state, provider_id = canal.lookup(authorised.envio)
            if state == "enviado":
                return Outcome("enviado", provider_id)
            if getattr(error, "outcome_unknown", False) and state == "desconhecido":
                return Outcome("incerto", erro=str(error))
            return Outcome("planejado", erro=str(error))
        except PermanentError as error:
            logger.warning("channel refused", extra={"error": str(error)})
            return Outcome("falhou", erro=str(error))


def _template(
    uow: UnitOfWork, disparo: Row[Any], lead: Row[Any] | None, ambiente: Ambiente, facts: Fatos
) -> ModeloPreenchido | None:
    """The template that carries what the gate let out of WhatsApp's window; None inside of it."""
    if lead is None or na_janela(uow.agora, facts.ultima_mensagem_do_lead):
        return None
    modelo, valores = fatos.modelo_de(disparo, lead, ambiente)
    return preencher(modelo, valores) if modelo is not None else None


def _lock_pace(uow: UnitOfWork) -> None:
    """The tenant's pacing row serialises its authorisations."""
    tenant = {"tenant": uow.tenant_id}
    if uow.connection.execute(_LOCK_PACE, tenant).one_or_none() is None:
        uow.connection.execute(
            insert(DisparoRitmo)
            .values(id=uow.tenant_id, tenant_id=uow.tenant_id, versao=1)
            .on_conflict_do_nothing()
        )
        uow.connection.execute(_LOCK_PACE, tenant).one()


def _nothing(_: Connection) -> None:
    """Refused, postponed or handled before: the first transaction wrote all there is."""
