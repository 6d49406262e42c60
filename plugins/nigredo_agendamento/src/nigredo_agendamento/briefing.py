"""What the salesperson reads before the meeting: facts, history, mood, objections, questions.

Only what is known is said; nothing is guessed. The briefing is the tenant's: it goes to the
meeting and the tenant's calendar, never to the lead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from alquimista_sdk.models import Historico, Horario, Interacao, Lead, TenantFacts
from nigredo_agendamento.frases import nome_do_fuso, quando

_TAMANHO_MAXIMO = 6000
_CITACAO_MAXIMA = 220
_ULTIMAS = 8
_SENTIMENTOS = {
    "positivo": "positivo",
    "neutro": "neutro",
    "negativo": "negativo",
    "irritado": "irritado",
}


def briefing(
    lead: Lead, tenant: TenantFacts, historico: Historico, horario: Horario, duracao_min: int
) -> str:
    """The briefing of one meeting, at most 6,000 characters."""
    recebidas = [item for item in historico.interacoes if item.tipo == "recebido"]
    fuso = tenant.fuso_horario
    partes = [
        f"REUNIÃO\n{lead.empresa}: {quando(horario, fuso)} ({nome_do_fuso(fuso)}), "
        f"{duracao_min} minutos",
        _secao("EMPRESA E CONTATO", _fatos(lead)),
        _secao("COMO FOI A CONVERSA", _resumo(historico, recebidas)),
        _secao("OBJEÇÕES", _citacoes(recebidas, "objection")),
        _secao("PERGUNTAS DO LEAD", _citacoes(recebidas, "question")),
        _secao("O QUE PERGUNTAR", _a_perguntar(lead, recebidas)),
        _secao("ÚLTIMAS MENSAGENS", _mensagens(historico.interacoes, fuso)),
    ]
    texto = "\n\n".join(parte for parte in partes if parte)
    return texto if len(texto) <= _TAMANHO_MAXIMO else texto[: _TAMANHO_MAXIMO - 1] + "…"


def _secao(titulo: str, linhas: Sequence[str]) -> str:
    return "\n".join([titulo, *(f"- {linha}" for linha in linhas)]) if linhas else ""


def _fatos(lead: Lead) -> list[str]:
    local = ", ".join(parte for parte in (lead.cidade, lead.uf) if parte)
    fatos = (
        ("Contato", lead.contato),
        ("Telefone", lead.telefone),
        ("E-mail", lead.email),
        ("CNPJ", lead.cnpj),
        ("Setor", lead.setor),
        ("Atividade principal", lead.atividade_principal),
        ("Porte", lead.porte),
        ("Local", local),
        ("Prioridade", str(lead.prioridade) if lead.prioridade is not None else None),
    )
    return [f"{nome}: {valor}" for nome, valor in fatos if valor]


def _resumo(historico: Historico, recebidas: Sequence[Interacao]) -> list[str]:
    linhas = [f"{historico.total} mensagens no total, {len(recebidas)} recebidas entre as últimas"]
    lidas = [item for item in recebidas if item.sentimento in _SENTIMENTOS]
    if lidas:
        contagem = Counter(_SENTIMENTOS[item.sentimento or ""] for item in lidas)
        tom = ", ".join(f"{nome} ({vezes})" for nome, vezes in contagem.most_common())
        linhas.append(f"Sentimento: {tom}; na última mensagem, {lidas[-1].sentimento}")
    return linhas


def _citacoes(recebidas: Sequence[Interacao], intent: str) -> list[str]:
    return [_citar(item.mensagem) for item in recebidas if item.intent == intent]


def _a_perguntar(lead: Lead, recebidas: Sequence[Interacao]) -> list[str]:
    perguntas = []
    if any(item.intent == "objection" for item in recebidas):
        perguntas.append("O que precisaria mudar para a objeção acima deixar de existir?")
    if any(item.intent == "question" for item in recebidas):
        perguntas.append("As perguntas acima ficaram bem respondidas?")
    if not lead.porte:
        perguntas.append("Qual é o tamanho da equipe ou da operação?")
    if not lead.setor and not lead.atividade_principal:
        perguntas.append("Qual é o principal negócio da empresa hoje?")
    perguntas.append("Como resolvem isso hoje, e o que motivou aceitar esta conversa?")
    perguntas.append("Quem mais participa da decisão, e qual é o prazo?")
    return perguntas


def _mensagens(interacoes: Sequence[Interacao], fuso: str) -> list[str]:
    zona = ZoneInfo(fuso)
    return [
        f"{item.created_at.astimezone(zona):%d/%m %Hh%M} "
        f"{'lead' if item.tipo == 'recebido' else 'nós'}: {_citar(item.mensagem)}"
        for item in interacoes[-_ULTIMAS:]
    ]


def _citar(mensagem: str) -> str:
    texto = " ".join(mensagem.split())
    return texto if len(texto) <= _CITACAO_MAXIMA else texto[: _CITACAO_MAXIMA - 1] + "…"
