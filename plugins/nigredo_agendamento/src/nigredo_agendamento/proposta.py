"""Offering slots: find what is free, hold three, tell the lead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from alquimista_sdk.context import AgentContext
from alquimista_sdk.events import AgentEvent, Subject
from alquimista_sdk.models import CANAIS, Agendamento, Horario, Intervalo, Lead, NovaResposta
from nigredo_agendamento import frases
from nigredo_agendamento.calendario import dias_uteis
from nigredo_agendamento.horarios import JANELAS_PADRAO, QUANTOS, escolher, livres
from nigredo_agendamento.mencoes import Pedido

PERGUNTA = "pergunta"
_OFERTA = "oferta"
RESERVA = timedelta(minutes=15)
_DIAS_DE_BUSCA = 10
_HORIZONTE = timedelta(days=60)
_BUSCAS = 3
_SEM_CONVERSA = frozenset({"descartado", "descadastrado", "bloqueado"})


@dataclass(frozen=True, slots=True)
class Conversa:
    """One event of one lead, and the channel that the answer goes back on."""

    event: AgentEvent
    lead: Lead
    canal: str

    @classmethod
    def abrir(cls, event: AgentEvent, context: AgentContext) -> Conversa | None:
        """Read the lead; None where the machine must not talk to it now."""
        lead = context.leads.get(event.subject.id)
        if lead.pausado or lead.status in _SEM_CONVERSA:
            context.log.info("the lead is not to be answered", status=lead.status)
            return None
        pedido = str(event.metadata.get("canal") or event.detail.context.source)
        canal = pedido if pedido in CANAIS else ("email" if lead.email else "whatsapp")
        return cls(event, lead, canal)

    def responder(self, context: AgentContext, texto: str, *, tipo: str = "resposta") -> None:
        """Ask for the answer, once however often the event is handled.

        ``transacional`` is for what must still be said when the lead is handed to a person.
        """
        context.conversas.reply(
            NovaResposta(
                lead_id=self.lead.id,
                canal=self.canal,
                mensagem=texto,
                tipo=tipo,
                chave=f"agendamento-{self.event.id}",
                assunto="Horários para a nossa conversa" if self.canal == "email" else "",
            )
        )


def solicitar(event: AgentEvent, context: AgentContext) -> None:
    """``schedule_requested``: offer slots, or repeat the offer that still stands."""
    conversa = Conversa.abrir(event, context)
    if conversa is None:
        return
    aberta = oferta_aberta(context, conversa.lead.id)
    if aberta is not None and _vale(aberta, context.now):
        conversa.responder(context, _texto(context, frases.PADRAO, aberta.horarios))
        _publicar(context, conversa, "proposed", aberta.id, "oferta de horários repetida")
        return
    propor(context, conversa, frases.PADRAO, substitui=aberta)


def oferta_aberta(context: AgentContext, lead_id: UUID) -> Agendamento | None:
    """The offer that the lead has in hand.

    A run that died after holding slots left a proposal that the lead never saw: the repeated run
    must read the answer against the offer before it.
    """
    aberta = context.agendamentos.open_proposal(lead_id)
    if aberta is None or aberta.id not in _ids(context):
        return aberta
    guardada = context.state.get(_OFERTA, lead_id)
    if guardada is None:
        return None
    anterior = context.agendamentos.get(UUID(str(guardada["agendamento_id"])))
    return anterior if anterior.status == "proposto" else None


def propor(
    context: AgentContext,
    conversa: Conversa,
    abertura: str,
    *,
    pedido: Pedido | None = None,
    substitui: Agendamento | None = None,
) -> None:
    """Hold up to three slots that fit ``pedido`` (or any, where none fits) and offer them.

    ``substitui`` is the lead's proposal that this one replaces. Where nothing is free a person
    is asked to take over.
    """
    if substitui is not None:
        context.agendamentos.release(substitui.id, "cancelado")
    ocupados = _ocupados_do_calendario(context, conversa.lead, pedido)
    proposta_id, horarios, atende = _segurar(context, conversa.lead, pedido, ocupados)
    context.state.put(PERGUNTA, None, conversa.lead.id)
    if not horarios:
        context.leads.pause(conversa.lead.id, "sem horários livres na agenda para a reunião")
        conversa.responder(context, frases.SEM_AGENDA, tipo="transacional")
        _publicar(
            context, conversa, "unavailable", proposta_id, "nenhum horário livre; vai a uma pessoa"
        )
        return
    if pedido is not None and not atende:
        abertura = frases.SEM_ESSE_HORARIO
    context.state.put(_OFERTA, {"agendamento_id": str(proposta_id)}, conversa.lead.id)
    conversa.responder(context, _texto(context, abertura, horarios))
    _publicar(
        context,
        conversa,
        "proposed",
        proposta_id,
        f"{len(horarios)} horário(s) oferecido(s) e reservado(s) por 15 minutos",
    )


def duracao(context: AgentContext) -> timedelta:
    """How long a meeting takes, from the tenant's configuration."""
    return timedelta(minutes=int(context.config["duracao_minutos"]))


def consultar_calendario(
    context: AgentContext, inicio: datetime, fim: datetime
) -> tuple[Intervalo, ...]:
    """What is taken in the tenant's calendar between two moments."""
    resposta = context.tools.call(
        "calendar.availability",
        {
            "calendario_id": context.tenant.calendario_id,
            "inicio": inicio.astimezone(UTC).isoformat(),
            "fim": fim.astimezone(UTC).isoformat(),
        },
    )
    return tuple(_intervalo(item) for item in resposta["ocupados"])


def _segurar(
    context: AgentContext,
    lead: Lead,
    pedido: Pedido | None,
    ocupados: tuple[Intervalo, ...],
) -> tuple[UUID, tuple[Horario, ...], bool]:
    """Hold slots, searching again where other leads were faster; the best attempt is kept.

    Answers its id, its slots, and whether they fit ``pedido``. A run that is repeated asks with
    the same ids and so gets what it held before.
    """
    expira_em = context.now + RESERVA
    melhor: tuple[UUID, tuple[Horario, ...], bool] | None = None
    for proposta_id in _ids(context):
        candidatos, atende = _candidatos(context, lead, pedido, ocupados)
        obtidos = context.agendamentos.hold(proposta_id, lead.id, candidatos, expira_em)
        if melhor is None or len(obtidos) > len(melhor[1]):
            if melhor is not None and melhor[1]:
                context.agendamentos.release(melhor[0], "cancelado")
            melhor = (proposta_id, obtidos, atende)
        elif obtidos:
            context.agendamentos.release(proposta_id, "cancelado")
        if len(obtidos) in (QUANTOS, len(candidatos)):
            break
    assert melhor is not None
    return melhor


def _ids(context: AgentContext) -> list[UUID]:
    """The ids that this event's searches hold slots under, in every run."""
    return [context.new_id(f"agendamento:{busca}") for busca in range(_BUSCAS)]


def _candidatos(
    context: AgentContext, lead: Lead, pedido: Pedido | None, ocupados: tuple[Intervalo, ...]
) -> tuple[list[Horario], bool]:
    inicio, fim, dias = _periodo(context, lead, pedido)
    inicios = livres(
        dias,
        context.tenant.disponibilidade or JANELAS_PADRAO,
        duracao(context),
        context.tenant.fuso_horario,
        (*ocupados, *context.agendamentos.busy(inicio, fim)),
    )
    if pedido is not None:
        pedidos = [momento for momento in inicios if pedido.aceita(momento)]
        if pedidos:
            return escolher(pedidos, duracao(context), espalhar=not pedido.tem_dia), True
    return escolher(inicios, duracao(context), espalhar=True), pedido is None


def _periodo(
    context: AgentContext, lead: Lead, pedido: Pedido | None
) -> tuple[datetime, datetime, list[date]]:
    zona = ZoneInfo(context.tenant.fuso_horario)
    hoje = context.now.astimezone(zona).date()
    ate = pedido.ultimo_dia() if pedido is not None else None
    if ate is not None:
        ate = min(ate, hoje + _HORIZONTE)
    dias = dias_uteis(hoje, _DIAS_DE_BUSCA, lead.uf, ate)
    inicio = datetime.combine(dias[0], time(0), zona).astimezone(UTC)
    fim = datetime.combine(dias[-1] + timedelta(days=1), time(0), zona).astimezone(UTC)
    return inicio, fim, dias


def _ocupados_do_calendario(
    context: AgentContext, lead: Lead, pedido: Pedido | None
) -> tuple[Intervalo, ...]:
    inicio, fim, _ = _periodo(context, lead, pedido)
    return consultar_calendario(context, inicio, fim)


def _vale(aberta: Agendamento, agora: datetime) -> bool:
    """Whether the holds of a proposal still stand and its slots still lie ahead."""
    return (
        aberta.expira_em is not None
        and aberta.expira_em > agora
        and bool(aberta.horarios)
        and all(horario.inicio > agora for horario in aberta.horarios)
    )


def _texto(context: AgentContext, abertura: str, horarios: Sequence[Horario]) -> str:
    minutos = int(duracao(context).total_seconds() // 60)
    return frases.proposta(abertura, horarios, context.tenant.fuso_horario, minutos)


def _publicar(
    context: AgentContext, conversa: Conversa, tipo: str, agendamento_id: UUID, decisao: str
) -> None:
    context.events.publish(
        tipo,
        Subject.lead(conversa.lead.id),
        source=conversa.canal,
        metadata={"agendamento_id": str(agendamento_id)},
        decision=decisao,
    )


def _intervalo(item: Mapping[str, Any]) -> Intervalo:
    return Intervalo(_momento(item["inicio"]), _momento(item["fim"]))


def _momento(texto: str) -> datetime:
    lido = datetime.fromisoformat(texto)
    return lido if lido.tzinfo is not None else lido.replace(tzinfo=UTC)
