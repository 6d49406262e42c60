"""Handling one burst of a lead's messages: read, decide, act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from alquimista_sdk.context import AgentContext
from alquimista_sdk.errors import OperationUnavailable
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.models import (
    LEITURA_INCERTA,
    Historico,
    Lead,
    LeadChanges,
    Leitura,
    NovaResposta,
)
from nigredo_atendimento import redacao
from nigredo_atendimento.decisao import Decisao, Passo, Situacao, classificar, decidir
from nigredo_atendimento.leitura import ler_analise
from nigredo_atendimento.politica import Limites, violacoes

HISTORICO = 20
_PONTUACAO = " .!?:;"


@dataclass(frozen=True, slots=True)
class Conversa:
    """What was read for one burst."""

    event: AgentEvent
    lead: Lead
    historico: Historico
    canal: str
    texto: str
    leitura: Leitura


def atender(event: AgentEvent, context: AgentContext) -> None:
    """Answer ``alquimista.conversas.received``: classify, decide the next step, take it."""
    lead = context.leads.get(event.subject.id)
    historico = context.conversas.history(lead.id, HISTORICO)
    canal = str(event.metadata["canal"])
    texto = event.detail.context.last_message
    try:
        leitura = _of_a_person(event) or _read(context, lead, historico, texto)
    except OperationUnavailable:
        _without_reading(event, context, lead, canal)
        return
    conversa = Conversa(event, lead, historico, canal, texto, leitura)
    for interacao_id in event.metadata.get("interacao_ids", ()):
        context.conversas.classify(UUID(str(interacao_id)), leitura)
    proposta = context.agendamentos.open_proposal(lead.id)
    decisao = decidir(
        Situacao(
            texto=texto,
            leitura=leitura,
            status=lead.status,
            pausado=lead.pausado,
            proposta_aberta=proposta is not None,
        )
    )
    context.log.info("next step chosen", passo=decisao.passo.value, intent=leitura.intent)
    _act(context, conversa, decisao)


def _of_a_person(event: AgentEvent) -> Leitura | None:
    """How a person read the message, where one has: then no machine reads it."""
    dada = event.metadata.get("leitura")
    if not isinstance(dada, Mapping):
        return None
    return ler_analise({**dada, "motivos": ["leitura de uma pessoa"], "modelo": "pessoa"})


def _read(context: AgentContext, lead: Lead, historico: Historico, texto: str) -> Leitura:
    enviadas = [item.mensagem for item in historico.interacoes if item.tipo == "enviado"]
    resposta = context.operations.call(
        "sentimento.analisar",
        {
            "text": texto,
            "anterior": enviadas[-1] if enviadas else "",
            "palavras_descadastro": list(context.tenant.palavras_descadastro),
            "nomes": [nome for nome in (lead.contato, lead.empresa) if nome],
            "com_modelo": True,
        },
    )
    return ler_analise(resposta)


def _without_reading(event: AgentEvent, context: AgentContext, lead: Lead, canal: str) -> None:
    """Nobody can tell whether the lead asks to leave: a person must read the message."""
    motivo = "Nenhum agente de sentimento está ativo: uma pessoa precisa ler a mensagem."
    context.log.warning("sentimento.analisar is not available")
    if not lead.pausado:
        context.leads.pause(lead.id, motivo)
    context.events.publish(
        "escalated",
        event.subject,
        decision=motivo,
        source=canal,
        last_message=event.detail.context.last_message,
        metadata={"canal": canal},
        proposed_action="escalate_human",
    )


def _act(context: AgentContext, conversa: Conversa, decisao: Decisao) -> None:
    lead, motivo = conversa.lead, decisao.motivo
    if decisao.passo is Passo.CALAR:
        return
    if decisao.passo is Passo.DESCADASTRAR:
        context.leads.opt_out(lead.id, motivo)
        _publish(context, conversa, "opted_out", motivo, "disqualify")
    elif decisao.passo in (Passo.ESCALAR, Passo.ESCALAR_COM_AVISO):
        _escalate(context, conversa, decisao)
    elif decisao.passo is Passo.DIZER_A_VERDADE:
        _reply(context, conversa, redacao.verdade(context.tenant))
        _publish(context, conversa, "replied", motivo, "nurture")
    elif decisao.passo is Passo.ENTREGAR_ESCOLHA:
        _publish(context, conversa, "schedule_answered", motivo, "forward_to_scheduler")
    elif decisao.passo is Passo.DESCARTAR:
        context.leads.refuse(lead.id, "recusa")
        _publish(context, conversa, "discarded", motivo, "disqualify")
    elif decisao.passo is Passo.AGENDAR:
        context.leads.update(lead.id, LeadChanges(status="interessado"))
        _publish(context, conversa, "schedule_requested", motivo, "forward_to_scheduler")
    elif decisao.passo is Passo.ACOMPANHAR:
        _publish(context, conversa, "nurtured", motivo, "nurture")
    else:
        _answer(context, conversa, decisao)


def _escalate(context: AgentContext, conversa: Conversa, decisao: Decisao) -> None:
    if decisao.passo is Passo.ESCALAR_COM_AVISO:
        _reply(context, conversa, redacao.aviso_de_pessoa(context.tenant))
    incerta = decisao.passo is Passo.ESCALAR and conversa.leitura.descadastro == "incerto"
    context.leads.pause(conversa.lead.id, decisao.motivo, LEITURA_INCERTA if incerta else None)
    _publish(context, conversa, "escalated", decisao.motivo, "escalate_human")


def _answer(context: AgentContext, conversa: Conversa, decisao: Decisao) -> None:
    """Answer from the knowledge base; what the policy refuses becomes the safe sentence."""
    objecao = decisao.passo is Passo.ENTENDER_OBJECAO
    objetivo = redacao.OBJETIVO_OBJECAO if objecao else str(context.config["objetivo"])
    texto, problemas = _write(context, conversa, objetivo, objecao)
    if problemas:
        context.log.warning("answer refused by the brand policy", problemas=list(problemas))
        _reply(context, conversa, redacao.frase_segura(context.tenant))
        motivo = f"{decisao.motivo} Uma pessoa deve responder: {'; '.join(problemas)}."
        _publish(context, conversa, "escalated", motivo, "escalate_human")
        return
    _reply(context, conversa, texto)
    if redacao.depende_da_equipe(texto):
        motivo = f"{decisao.motivo} A equipe precisa confirmar a informação."
        _publish(context, conversa, "escalated", motivo, "escalate_human")
        return
    _publish(context, conversa, "nurtured" if objecao else "replied", decisao.motivo, "nurture")


def _write(
    context: AgentContext, conversa: Conversa, objetivo: str, objecao: bool
) -> tuple[str, tuple[str, ...]]:
    """A written answer and what forbids it."""
    trechos = context.conhecimento.search(conversa.texto, int(context.config["limite_trechos"]))
    if not trechos and not objecao:
        return "", ("a base de conhecimento não responde à pergunta",)
    limite = int(context.config["max_caracteres"])
    valores = redacao.variaveis(
        context.tenant,
        conversa.lead,
        conversa.historico,
        conversa.texto,
        conversa.leitura,
        objetivo,
        conversa.canal,
    )
    resposta = context.tools.call(
        "llm.write",
        {
            "tarefa": "responder_lead",
            "prompt": redacao.prompt(valores, limite),
            "variaveis": valores,
            "nomes": [nome for nome in (conversa.lead.contato, conversa.lead.empresa) if nome],
            "trechos": [{"titulo": item.titulo, "texto": item.texto} for item in trechos],
            "max_caracteres": limite,
        },
    )
    texto = str(resposta["texto"]).strip()
    fontes = [f"{item.titulo} {item.texto}" for item in trechos]
    nomes = [context.tenant.nome, conversa.lead.empresa, conversa.lead.contato or ""]
    limites = Limites((*fontes, *nomes), context.tenant.palavras_proibidas, limite)
    return texto, violacoes(texto, limites)


def _reply(context: AgentContext, conversa: Conversa, texto: str) -> None:
    context.conversas.reply(
        NovaResposta(
            lead_id=conversa.lead.id,
            canal=conversa.canal,
            mensagem=redacao.com_divulgacao(texto, context.tenant),
            tipo="resposta",
            chave=str(conversa.event.id),
            assunto=redacao.assunto(conversa.canal, context.tenant, conversa.lead),
        )
    )


def _publish(context: AgentContext, conversa: Conversa, tipo: str, motivo: str, acao: str) -> None:
    context.events.publish(
        tipo,
        conversa.event.subject,
        decision=motivo.rstrip(_PONTUACAO) + ".",
        source=conversa.canal,
        last_message=conversa.texto,
        metadata={"canal": conversa.canal},
        classification=classificar(conversa.leitura, conversa.lead.prioridade),
        proposed_action=acao,
    )
