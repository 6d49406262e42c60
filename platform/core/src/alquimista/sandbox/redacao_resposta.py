"""Answering a lead: greeting, understanding, facts, next step, signature."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alquimista.sandbox.trechos import answer_from
from alquimista_integrations.llm.chat import cut

_TITULOS = frozenset({"sr", "sra", "srta", "dr", "dra", "prof", "profa", "eng", "dona", "seu"})
_E_ROBO = re.compile(
    r"\b(?:voc[êe]|vc|c[êe]|tu)\s+(?:é|e|eh)\s+(?:um\s+|uma\s+)?(?:rob[ôo]|bot|m[áa]quina|ia|humano"
    r"|pessoa)\b"
    r"|\b(?:falando|falo|conversando|converso)\s+com\s+(?:um\s+|uma\s+)?(?:rob[ôo]|bot|m[áa]quina"
    r"|ia|humano|pessoa|gente)\b"
    r"|\b(?:isso|isto|essa|esta)\s+(?:é|eh)\s+(?:um\s+|uma\s+)?(?:rob[ôo]|bot|mensagem\s+autom"
    r"|resposta\s+autom)",
    re.IGNORECASE,
)
_ACOLHIDAS: Mapping[str, tuple[str, ...]] = {
    "irritado": (
        "Sinto muito pelo incômodo.",
        "Peço desculpas pelo transtorno.",
    ),
    "negativo": (
        "Entendo a sua preocupação.",
        "Compreendo o seu ponto.",
    ),
    "question": (
        "Obrigado pela pergunta.",
        "Boa pergunta, obrigado por perguntar.",
    ),
    "interest": (
        "Que bom que a ideia fez sentido para vocês.",
        "Fico contente com o seu interesse.",
    ),
    "objection": (
        "Faz sentido levar isso em conta.",
        "Obrigado por compartilhar esse ponto.",
    ),
    "refusal": (
        "Agradeço a franqueza e o tempo que dedicou à resposta.",
        "Obrigado por responder com clareza.",
    ),
    "": ("Obrigado pelo retorno.",),
}
_CONFIRMAR: Mapping[str, tuple[str, ...]] = {
    "question": (
        "Para não passar nada impreciso, vou confirmar essa informação com a equipe da {empresa} "
        "e retorno por aqui.",
        "Vou confirmar isso com a equipe da {empresa} e volto com a resposta por aqui.",
    ),
    "objection": (
        "Vou levar esse ponto à equipe da {empresa} e volto com uma resposta concreta.",
        "Vou conversar com a equipe da {empresa} sobre isso e retorno por aqui.",
    ),
}
_RECUSA = (
    "Não vou insistir. Se um dia fizer sentido retomar, a equipe da {empresa} está à disposição."
)
_DESCADASTRO = "Recebi o seu pedido para não receber mais mensagens e ele está sendo tratado."
_PASSOS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("agend", "reuni", "convers"),
        (
            "Se fizer sentido, posso sugerir horários para uma conversa rápida. Posso enviar?",
            "Que tal uma conversa breve para ver se isso ajuda vocês? Posso sugerir horários.",
        ),
    ),
    (
        ("nutri", "conteúdo", "conteudo", "relacionamento", "interesse"),
        ("Se quiser, posso enviar mais informações sobre como trabalhamos.",),
    ),
    (
        ("qualific", "entender", "necessidade", "diagn"),
        ("Para eu entender se ajuda: como isso funciona hoje na sua empresa?",),
    ),
    (
        ("dúvida", "duvida", "esclarec", "respond"),
        ("Ficou alguma outra dúvida?",),
    ),
)
_PASSO_OBJECAO = "Se preferir retomar em outro momento, é só me dizer quando."
_PASSO_IRRITADO = "Se preferir, uma pessoa da equipe pode continuar esta conversa."


@dataclass(frozen=True, slots=True)
class _Pedido:
    intent: str
    sentimento: str
    empresa: str
    nome: str
    objetivo: str
    tom: str
    mensagem: str
    canal: str

    def one(self, options: Sequence[str]) -> str:
        """The same choice for the same message to the same person."""
        digest = hashlib.sha256(f"{self.nome}/{self.mensagem}/{self.intent}".encode()).digest()
        return options[digest[0] % len(options)].format(empresa=self.empresa)


def reply(variaveis: Mapping[str, Any], trechos: Sequence[Mapping[str, Any]], limite: int) -> str:
    """Answer a lead in at most ``limite`` characters.

    What does not fit is left out in this order: signature, next step, understanding; the facts
    are then cut at the end of a sentence.
    """
    pedido = _read(variaveis)
    saudacao = _greeting(pedido)
    acolhida = _understanding(pedido)
    conteudo = _content(pedido, trechos)
    passo = _next_step(pedido)
    if _E_ROBO.search(pedido.mensagem):
        acolhida = pedido.one(
            ("Esta resposta é automática; se preferir, uma pessoa da equipe da {empresa} assume.",)
        )
        passo = ""
    variants = (
        (saudacao, acolhida, conteudo, passo, _signature(pedido)),
        (saudacao, acolhida, conteudo, passo),
        (saudacao, acolhida, conteudo),
        (saudacao, conteudo),
    )
    for parts in variants:
        text = _join(pedido, parts)
        if len(text) <= limite:
            return text
    return cut(conteudo or acolhida, limite)


def _read(variaveis: Mapping[str, Any]) -> _Pedido:
    def text(*names: str) -> str:
        return next((str(variaveis[n]).strip() for n in names if variaveis.get(n)), "")

    return _Pedido(
        intent=text("intent").lower(),
        sentimento=text("sentimento").lower(),
        # A brace in a company's name must not be taken for a field of ours.
        empresa=re.sub(r"[{}\s]+", " ", text("empresa_cliente")).strip() or "nossa empresa",
        nome=_first_name(text("contato")),
        objetivo=text("objetivo_atual").lower(),
        tom=text("tom_resposta").lower(),
        mensagem=text("mensagem_lead", "ultima_mensagem", "mensagem"),
        canal=text("canal").lower(),
    )


def _first_name(contato: str) -> str:
    """The first word of a person's name; empty where it is none."""
    for word in re.findall(r"[A-Za-zÀ-ÖØ-öø-ÿ'’-]+", contato):
        if word.lower() in _TITULOS:
            continue
        if not 2 <= len(word) <= 20:
            return ""
        odd_case = word.isupper() or word.islower()
        return str(word.capitalize() if odd_case else word)
    return ""


def _greeting(pedido: _Pedido) -> str:
    formal = any(word in pedido.tom for word in ("formal", "sóbri", "empát", "empat", "cuidad"))
    end = "." if formal or pedido.sentimento in ("irritado", "negativo") else "!"
    return f"Olá, {pedido.nome}{end}" if pedido.nome else f"Olá{end}"


def _understanding(pedido: _Pedido) -> str:
    if pedido.intent == "descadastro":
        return ""
    if pedido.sentimento in ("irritado", "negativo"):
        return pedido.one(_ACOLHIDAS[pedido.sentimento])
    return pedido.one(_ACOLHIDAS.get(pedido.intent, _ACOLHIDAS[""]))


def _content(pedido: _Pedido, trechos: Sequence[Mapping[str, Any]]) -> str:
    if pedido.intent == "descadastro":
        return _DESCADASTRO
    if pedido.intent == "refusal":
        return pedido.one((_RECUSA,))
    found = answer_from(pedido.mensagem, trechos)
    if found is not None:
        return found
    options = _CONFIRMAR.get(pedido.intent)
    return pedido.one(options) if options is not None else ""


def _next_step(pedido: _Pedido) -> str:
    if pedido.intent in ("descadastro", "refusal"):
        return ""
    if pedido.sentimento == "irritado":
        return _PASSO_IRRITADO
    if pedido.intent == "objection" and "agend" not in pedido.objetivo:
        return _PASSO_OBJECAO
    for words, options in _PASSOS:
        if any(word in pedido.objetivo for word in words):
            return pedido.one(options)
    return "Se quiser, seguimos por aqui."


def _signature(pedido: _Pedido) -> str:
    return f"Atenciosamente,\nEquipe {pedido.empresa}" if pedido.canal == "email" else ""


def _join(pedido: _Pedido, parts: Sequence[str]) -> str:
    separator = "\n\n" if pedido.canal == "email" else " "
    return separator.join(part for part in parts if part)
