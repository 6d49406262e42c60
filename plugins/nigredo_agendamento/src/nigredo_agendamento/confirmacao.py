"""The lead has answered: book what was chosen, offer something else, ask again, or let go."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from alquimista_sdk.context import AgentContext
from alquimista_sdk.events import AgentEvent, Subject
from alquimista_sdk.models import Agendamento, Horario, NovaResposta
from nigredo_agendamento import frases
from nigredo_agendamento.briefing import briefing
from nigredo_agendamento.convite import convite
from nigredo_agendamento.escolha import (
    DESISTIU,
    INDICE,
    NENHUMA,
    OUTRO_PEDIDO,
    Escolha,
    interpretar,
)
from nigredo_agendamento.horarios import conflita
from nigredo_agendamento.proposta import (
    PERGUNTA,
    Conversa,
    consultar_calendario,
    oferta_aberta,
    propor,
)

_HISTORICO = 50
_REUNIAO = "reuniao"


def responder(event: AgentEvent, context: AgentContext) -> None:
    """``schedule_answered``: do what the lead's words say about the slots that were offered."""
    conversa = Conversa.abrir(event, context)
    if conversa is None:
        return
    aberta = oferta_aberta(context, conversa.lead.id)
    if aberta is None:
        _sem_oferta(context, conversa)
        return
    futuros = tuple(h for h in aberta.horarios if h.inicio > context.now)
    if not futuros:
        propor(context, conversa, frases.PASSOU, substitui=aberta)
        return
    escolha = _ler(context, conversa, aberta, futuros)
    if escolha.tipo == INDICE and escolha.horario is not None:
        _marcar(context, conversa, aberta, escolha.horario)
    elif escolha.tipo == OUTRO_PEDIDO:
        propor(
            context,
            conversa,
            frases.COM_ESSE_HORARIO,
            pedido=escolha.pedido,
            substitui=aberta,
        )
    elif escolha.tipo == NENHUMA:
        conversa.responder(context, frases.O_QUE_SERVE)
    elif escolha.tipo == DESISTIU:
        context.agendamentos.release(aberta.id, "cancelado")
        context.state.put(PERGUNTA, None, conversa.lead.id)
        conversa.responder(context, frases.DESISTENCIA)
    else:
        _perguntar_de_novo(context, conversa, aberta, escolha.candidatos or futuros)


def _sem_oferta(context: AgentContext, conversa: Conversa) -> None:
    """Two answers in a row: the first one booked already, so the second hears of it again."""
    reuniao = _reuniao_marcada(context, conversa)
    if reuniao is None:
        propor(context, conversa, frases.PADRAO)
        return
    fim = reuniao.data_hora + timedelta(minutes=reuniao.duracao)
    horario = Horario(1, reuniao.data_hora, fim)
    texto = frases.confirmacao(horario, context.tenant.fuso_horario, com_convite=False)
    conversa.responder(context, texto)


def mudou(event: AgentEvent, context: AgentContext) -> None:
    """A person cancelled or moved a meeting (or its lead opted out): clear the calendar too."""
    calendar_event_id = event.metadata.get("calendar_event_id")
    if event.metadata.get("status") in ("cancelado", "remarcado") and calendar_event_id:
        _cancelar_no_calendario(context, str(calendar_event_id))


def _ler(
    context: AgentContext,
    conversa: Conversa,
    aberta: Agendamento,
    futuros: tuple[Horario, ...],
) -> Escolha:
    """Read the answer; where we had asked about one slot, a plain yes means that one."""
    texto = conversa.event.detail.context.last_message
    fuso = context.tenant.fuso_horario
    pergunta = context.state.get(PERGUNTA, conversa.lead.id) or {}
    if pergunta.get("agendamento_id") == str(aberta.id) and len(pergunta["numeros"]) == 1:
        unico = tuple(h for h in futuros if h.numero in pergunta["numeros"])
        resposta = interpretar(texto, unico, context.now, fuso)
        if resposta.tipo == INDICE:
            return resposta
    return interpretar(texto, futuros, context.now, fuso)


def _perguntar_de_novo(
    context: AgentContext,
    conversa: Conversa,
    aberta: Agendamento,
    candidatos: tuple[Horario, ...],
) -> None:
    """Ask once; a second answer that cannot be read goes to a person."""
    lead_id = conversa.lead.id
    anterior = context.state.get(PERGUNTA, lead_id) or {}
    if anterior.get("agendamento_id") == str(aberta.id):
        context.leads.pause(lead_id, "não ficou claro qual horário o lead escolheu")
        context.state.put(PERGUNTA, None, lead_id)
        conversa.responder(context, frases.COM_UMA_PESSOA, tipo="transacional")
        return
    numeros = [horario.numero for horario in candidatos]
    context.state.put(PERGUNTA, {"agendamento_id": str(aberta.id), "numeros": numeros}, lead_id)
    conversa.responder(context, frases.de_novo(candidatos, context.tenant.fuso_horario))


def _marcar(
    context: AgentContext, conversa: Conversa, aberta: Agendamento, horario: Horario
) -> None:
    """Recheck, take, create the calendar's entry, confirm, invite: in that order.

    Everything before the confirmation is idempotent, so that a run that is repeated ends with
    one meeting and one entry.
    """
    ocupados = consultar_calendario(context, horario.inicio, horario.fim)
    if conflita(horario.inicio, horario.fim, ocupados) or not context.agendamentos.take(
        aberta.id, horario
    ):
        propor(context, conversa, frases.OCUPADO, substitui=aberta)
        return
    minutos = int((horario.fim - horario.inicio).total_seconds() // 60)
    historico = context.conversas.history(conversa.lead.id, _HISTORICO)
    texto = briefing(conversa.lead, context.tenant, historico, horario, minutos)
    event_id = context.new_id("evento").hex
    resposta = context.tools.call(
        "calendar.create_event",
        {
            "calendario_id": context.tenant.calendario_id,
            "event_id": event_id,
            "resumo": f"Reunião - {conversa.lead.empresa}",
            "descricao": texto,
            "inicio": horario.inicio.isoformat(),
            "fim": horario.fim.isoformat(),
            # decision 24: a service account may not invite; the invitation is our own e-mail
            "participantes": [],
        },
    )
    if resposta["conflito"]:
        propor(context, conversa, frases.OCUPADO, substitui=aberta)
        return
    _desmarcar_anterior(context, conversa)
    context.agendamentos.confirm(aberta.id, horario, str(resposta["event_id"]), texto)
    context.state.put(PERGUNTA, None, conversa.lead.id)
    context.state.put(_REUNIAO, {"agendamento_id": str(aberta.id)}, conversa.lead.id)
    _avisar(context, conversa, horario, str(resposta["event_id"]), minutos)
    context.events.publish(
        "confirmed",
        Subject.lead(conversa.lead.id),
        source=conversa.canal,
        metadata={"agendamento_id": str(aberta.id)},
        decision=f"reunião confirmada: {frases.quando(horario, context.tenant.fuso_horario)}",
    )


def _avisar(
    context: AgentContext, conversa: Conversa, horario: Horario, event_id: str, minutos: int
) -> None:
    """Mail the invitation, and confirm in the conversation where that is not the same mail."""
    lead, tenant = conversa.lead, context.tenant
    com_convite = bool(lead.email and tenant.email_remetente)
    if com_convite:
        context.conversas.reply(
            NovaResposta(
                lead_id=lead.id,
                canal="email",
                mensagem=frases.corpo_do_convite(lead, tenant, horario, minutos),
                tipo="transacional",
                chave=f"agendamento-{conversa.event.id}-convite",
                assunto=frases.assunto_do_convite(tenant, horario),
                anexos=(convite(event_id, horario, lead, tenant, context.now),),
            )
        )
    if not com_convite or conversa.canal != "email":
        texto = frases.confirmacao(horario, tenant.fuso_horario, com_convite=com_convite)
        conversa.responder(context, texto)


def _desmarcar_anterior(context: AgentContext, conversa: Conversa) -> None:
    """A lead that books again moves its meeting: the former one gives its slot back."""
    anterior = _reuniao_marcada(context, conversa)
    if anterior is None:
        return
    context.agendamentos.release(anterior.id, "remarcado")
    if anterior.calendar_event_id:
        _cancelar_no_calendario(context, anterior.calendar_event_id)


def _reuniao_marcada(context: AgentContext, conversa: Conversa) -> Agendamento | None:
    """The confirmed meeting of the lead that still lies ahead."""
    guardada = context.state.get(_REUNIAO, conversa.lead.id)
    if guardada is None:
        return None
    reuniao = context.agendamentos.get(UUID(str(guardada["agendamento_id"])))
    if reuniao.status != "confirmado" or reuniao.data_hora <= context.now:
        return None
    return reuniao


def _cancelar_no_calendario(context: AgentContext, event_id: str) -> None:
    context.tools.call(
        "calendar.cancel_event",
        {"calendario_id": context.tenant.calendario_id, "event_id": event_id},
    )
