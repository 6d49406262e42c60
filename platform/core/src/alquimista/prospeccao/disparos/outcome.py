"""What becomes of a message: refused, postponed, sent, failed, unknown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, select, text, update

from alquimista.db.base import table_of
from alquimista.db.rows import set_columns
from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.disparos.domain import Fatos, Veredito, Verificacao
from alquimista.prospeccao.disparos.horario import dentro_do_expediente, proxima_abertura
from alquimista.prospeccao.disparos.models import Disparo, DisparoRitmo
from alquimista.prospeccao.disparos.service import TIMER
from alquimista.prospeccao.leads import service as leads
from alquimista.runtime.ports import Ports
from alquimista.runtime.publishing import NewEvent
from alquimista_sdk.events import EventContext, FractalDetail, LogEntry, Subject
from alquimista_sdk.models import Anexo

SOURCE = "alquimista.disparos"
MAX_TENTATIVAS = 5
_ESPERA = timedelta(minutes=1)
_HORA = timedelta(hours=1)
_DISPAROS = table_of(Disparo)
_SENT = text(
    """
    WITH enviado AS (
        UPDATE nigredo_leads.disparos
        SET status = 'enviado', provider_id = :provider_id, erro = NULL, enviado_em = :agora,
            versao = versao + 1
        WHERE tenant_id = :tenant AND id = :disparo
        RETURNING id, lead_id, canal, mensagem, trace_id
    )
    INSERT INTO nigredo_leads.interacoes (
        id, tenant_id, lead_id, tipo, canal, mensagem, disparo_id, provider_id, atendida,
        trace_id, created_at)
    SELECT :interacao, :tenant, lead_id, 'enviado', canal, mensagem, id, :provider_id, true,
        trace_id, :agora
    FROM enviado
    """
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """``status`` after the call; ``planejado`` means: surely not sent, try again later."""

    status: str
    provider_id: str | None = None
    erro: str | None = None


class Outcomes:
    """Writes what the gate or the channel answered, in the caller's transaction."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def checks(self, veredito: Veredito) -> list[dict[str, Any]]:
        """Every check as the timeline shows it."""
        return [_check(v) for v in veredito.verificacoes]

    def refuse(
        self, uow: UnitOfWork, disparo: Row[Any], veredito: Veredito, facts: Fatos, fuso: str
    ) -> None:
        """Refuse for good, or postpone where every refusal passes with time.

        A postponement burns no try: each one is to a later moment, however long a tenant's queue.
        """
        values: dict[str, Any] = {
            "verificacoes": self.checks(veredito),
            "motivo": veredito.recusas[0].codigo,
        }
        if veredito.recusas[0].codigo == "aprovacao" and facts.campanha_status == "pausada":
            self._set(uow, disparo.id, **values)
            return
        moment = self._next_free(uow, veredito, facts, fuso)
        if moment is not None:
            self._set(uow, disparo.id, **values, enviar_em=moment)
            self._ports.timers.schedule(uow.connection, uow.tenant_id, moment, TIMER, disparo.id)
            return
        self._set(uow, disparo.id, **values, status="recusado")
        if disparo.tipo == "conta":
            self._set(uow, disparo.id, mensagem="", destinatarios=None)
        if disparo.lead_id is not None and facts.destino is not None:
            self._publish(
                uow,
                disparo,
                "refused",
                f"envio recusado: {veredito.recusas[0].motivo}",
                {"motivo": veredito.recusas[0].codigo},
            )

    def record(self, uow: UnitOfWork, disparo: Row[Any], outcome: Outcome) -> None:
        """The second transaction of decision 15. A letter about access leaves no secret behind."""
        if outcome.status == "planejado":
            self._retry_later(uow, disparo, outcome)
            return
        sent = outcome.status == "enviado"
        if not sent or disparo.lead_id is None or disparo.destinatarios:
            self._set(
                uow,
                disparo.id,
                status=outcome.status,
                provider_id=outcome.provider_id,
                erro=outcome.erro,
                enviado_em=uow.agora if sent else None,
            )
            if disparo.tipo == "conta":
                self._set(uow, disparo.id, mensagem="", destinatarios=None)
            elif sent and disparo.lead_id is not None:
                self._set(uow, disparo.id, destinatarios=None)
            return
        self._sent(uow, disparo, outcome)
        if disparo.tipo == "prospeccao":
            lead = leads.set_status(uow, disparo.lead_id, "contatado")
            if lead.contato != leads.ANONIMIZADO:
                self._publish(uow, disparo, "sent", f"mensagem de {disparo.etapa} enviada", {})

    def attachments(self, uow: UnitOfWork, disparo: Row[Any]) -> tuple[Anexo, ...]:
        """The files that travel with a message."""
        return tuple(
            Anexo(
                item["nome"],
                item["tipo_mime"],
                self._ports.files.path(uow.tenant_id, item["chave"]).read_bytes(),
            )
            for item in disparo.anexos
        )

    def _retry_later(self, uow: UnitOfWork, disparo: Row[Any], outcome: Outcome) -> None:
        if disparo.adiamentos >= MAX_TENTATIVAS:
            self._set(uow, disparo.id, status="falhou", erro=outcome.erro)
            return
        moment = uow.agora + _ESPERA * 2**disparo.adiamentos
        self._set(
            uow,
            disparo.id,
            status="planejado",
            erro=outcome.erro,
            autorizado_em=None,
            enviar_em=moment,
            adiamentos=disparo.adiamentos + 1,
        )
        self._ports.timers.schedule(uow.connection, uow.tenant_id, moment, TIMER, disparo.id)

    def _next_free(
        self, uow: UnitOfWork, veredito: Veredito, facts: Fatos, fuso: str
    ) -> datetime | None:
        """When to try again; None where waiting does not help.

        Moments of the tenant's pace are handed out one after the other, so that they do not all
        come back at once. A moment of the lead's own (hours, holiday, rest) holds up nobody else.
        """
        moment = veredito.adiar_ate
        if moment is None or any(v.codigo != "limites" for v in veredito.recusas):
            return moment
        last = uow.connection.execute(
            select(DisparoRitmo.proximo_livre_em).where(DisparoRitmo.tenant_id == uow.tenant_id)
        ).scalar_one_or_none()
        chosen = moment
        if last is not None and last > moment:
            chosen = (
                last if dentro_do_expediente(last, fuso) else proxima_abertura(last, fuso, None)
            )
        uow.connection.execute(
            update(DisparoRitmo)
            .where(DisparoRitmo.tenant_id == uow.tenant_id)
            .values(proximo_livre_em=chosen + _step(facts))
        )
        if dentro_do_expediente(chosen, facts.fuso):
            return chosen
        return proxima_abertura(chosen, facts.fuso, facts.uf)

    def _sent(self, uow: UnitOfWork, disparo: Row[Any], outcome: Outcome) -> None:
        """The text is read again: an erasure during the call has emptied it."""
        uow.connection.execute(
            _SENT,
            {
                "tenant": uow.tenant_id,
                "disparo": disparo.id,
                "provider_id": outcome.provider_id,
                "agora": uow.agora,
                "interacao": uuid4(),
            },
        )

    def _publish(
        self,
        uow: UnitOfWork,
        disparo: Row[Any],
        kind: str,
        decision: str,
        extra: dict[str, Any],
    ) -> None:
        metadata = {
            "disparo_id": str(disparo.id),
            "campanha_id": str(disparo.campanha_id) if disparo.campanha_id else None,
            "etapa": disparo.etapa,
            "tentativa": disparo.tentativa,
            "canal": disparo.canal,
            **extra,
        }
        detail = FractalDetail(
            subject=Subject.lead(disparo.lead_id),
            context=EventContext(source=disparo.canal, metadata=metadata),
            logs=(LogEntry(uow.agora.isoformat(), "disparos", decision, str(disparo.trace_id)),),
        )
        self._ports.publisher.publish(uow, [NewEvent(SOURCE, kind, detail, disparo.trace_id)])

    def _set(self, uow: UnitOfWork, disparo_id: UUID, **values: Any) -> None:
        set_columns(uow, _DISPAROS, disparo_id, values)


def _step(facts: Fatos) -> timedelta:
    """The pause; where a window is full, what an hour has for each of its messages."""
    limites, ritmo = facts.limites, facts.ritmo
    if ritmo.na_hora < limites.por_hora and ritmo.no_dia < limites.por_dia:
        return limites.pausa
    return max(limites.pausa, _HORA / limites.por_hora)


def _check(verificacao: Verificacao) -> dict[str, Any]:
    return {
        "codigo": verificacao.codigo,
        "resultado": verificacao.resultado.value,
        "motivo": verificacao.motivo,
    }
