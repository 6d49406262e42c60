"""The next step after a reply. Pure rules: no context, no clock.

Order matters and is the law's first: an opt-out is obeyed whatever else is said, then doubt and
anger go to a person, then an answer to open slots, then refusal, interest, objection, question.
Decisions 14 and 19 to 21 of the project.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alquimista_sdk.events import Classification
from alquimista_sdk.models import Leitura
from nigredo_atendimento import pedidos

ENCERRADOS = ("descadastrado", "bloqueado")
COM_REUNIAO = ("agendado", "convertido")


class Passo(StrEnum):
    """What to do with a reply."""

    DESCADASTRAR = "descadastrar"
    CALAR = "calar"
    ESCALAR = "escalar"
    ESCALAR_COM_AVISO = "escalar_com_aviso"
    DIZER_A_VERDADE = "dizer_a_verdade"
    ENTREGAR_ESCOLHA = "entregar_escolha"
    DESCARTAR = "descartar"
    AGENDAR = "agendar"
    RESPONDER = "responder"
    ENTENDER_OBJECAO = "entender_objecao"
    ACOMPANHAR = "acompanhar"


@dataclass(frozen=True, slots=True)
class Situacao:
    """All that the decision depends on."""

    texto: str
    leitura: Leitura
    status: str
    pausado: bool = False
    proposta_aberta: bool = False


@dataclass(frozen=True, slots=True)
class Decisao:
    """The step and why, in words for the timeline (pt-BR)."""

    passo: Passo
    motivo: str


def decidir(situacao: Situacao) -> Decisao:
    """Choose the next step."""
    leitura = situacao.leitura
    porque = leitura.motivos[0] if leitura.motivos else "pela leitura da mensagem"
    if situacao.status in ENCERRADOS:
        return Decisao(Passo.CALAR, "O lead está descadastrado ou bloqueado: nada é enviado.")
    if leitura.descadastro == "certo":
        return Decisao(Passo.DESCADASTRAR, f"Pedido de descadastro: {porque}.")
    if situacao.pausado:
        return Decisao(Passo.CALAR, "Uma pessoa cuida deste lead: a mensagem só foi classificada.")
    if leitura.descadastro == "incerto":
        return Decisao(Passo.ESCALAR, f"Possível pedido de descadastro: {porque}.")
    if leitura.sentimento == "irritado":
        return Decisao(Passo.ESCALAR, "O lead está irritado: uma pessoa deve assumir.")
    return _about_the_conversation(situacao) or _about_the_matter(situacao, porque)


def classificar(leitura: Leitura, prioridade: int | None) -> Classification:
    """The protocol's classification: intent, priority 0-100, whether the need seems real."""
    pesos = {"interest": 90, "question": 70, "objection": 50, "refusal": 10, "descadastro": 0}
    base = pesos[leitura.intent]
    if prioridade is not None and base > 10:
        base = (2 * base + max(0, min(prioridade, 100))) // 3
    real = leitura.intent in ("interest", "question") and leitura.sentimento != "irritado"
    return Classification(intent=leitura.intent, priority=base, authentic_need=real)


def _about_the_conversation(situacao: Situacao) -> Decisao | None:
    texto = situacao.texto
    if pedidos.pergunta_se_e_robo(texto):
        return Decisao(Passo.DIZER_A_VERDADE, "O lead perguntou se fala com um robô.")
    if pedidos.pede_pessoa(texto):
        return Decisao(Passo.ESCALAR_COM_AVISO, "O lead pediu para falar com uma pessoa.")
    if situacao.status in COM_REUNIAO and (
        pedidos.quer_mudar_reuniao(texto) or situacao.leitura.intent == "refusal"
    ):
        return Decisao(Passo.ESCALAR_COM_AVISO, "O lead quer mudar a reunião marcada.")
    if situacao.proposta_aberta and _answers_the_slots(situacao):
        return Decisao(Passo.ENTREGAR_ESCOLHA, "O lead respondeu aos horários propostos.")
    return None


def _answers_the_slots(situacao: Situacao) -> bool:
    if pedidos.fala_de_horario(situacao.texto) or pedidos.so_nega(situacao.texto):
        return True
    return situacao.leitura.intent not in ("refusal", "question")


def _about_the_matter(situacao: Situacao, porque: str) -> Decisao:
    intent = situacao.leitura.intent
    if intent in ("refusal", "descadastro"):
        return Decisao(Passo.DESCARTAR, f"O lead recusou: {porque}.")
    if intent == "interest":
        if situacao.status in COM_REUNIAO:
            return Decisao(Passo.ACOMPANHAR, "Já há reunião marcada: nada a responder.")
        return Decisao(Passo.AGENDAR, f"O lead tem interesse: {porque}.")
    if intent == "objection":
        return Decisao(Passo.ENTENDER_OBJECAO, f"O lead fez uma objeção: {porque}.")
    return Decisao(Passo.RESPONDER, f"O lead fez uma pergunta: {porque}.")
