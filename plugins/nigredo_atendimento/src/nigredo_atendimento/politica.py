"""The brand policy: what a written answer must keep before it may be sent.

Prices, numbers and claims come only from the passages of the knowledge base (decision 21), and
no answer claims to be a person (decision 20).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nigredo_atendimento.leitura import plano

_LINK = re.compile(r"(?:https?://|www\.)[^\s)>\]]+|[\w.+-]+@[\w-]+\.[\w.]+", re.IGNORECASE)
_DOMAIN = re.compile(
    r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|io|br|app|co)(?:\.br)?\b", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CLAIMS = re.compile(
    r"\b(?:gratis|gratuit\w+|de graca|sem custo|descontos?|promoca\w+|cortesia|bonus|brinde|"
    r"metade do preco|por cento|reais|mil|milhao|milhoes|dobro|triplo|isenc\w+|isent\w+|"
    r"garant\w+|promet\w+|sem riscos?|risco zero|resultado certo|com certeza vai|"
    r"o melhor|a melhor|lider(?: \w+)?|numero um|unic[oa]s? (?:do|no|da|na)|imbativel|"
    r"devolv\w+|reembols\w+|certificad\w+|premiad\w+|vitalici\w+|ilimitad\w+|para sempre)\b"
)
_PERSON = re.compile(
    r"\b(?:sou (?:uma? )?(?:pessoa|humano|humana|gente|ser humano|atendente|funcionari\w+)|"
    r"nao sou (?:um |uma )?(?:robo|bot|maquina|ia|inteligencia|assistente|automatic\w+)|"
    r"(?:meu nome e|me chamo|aqui e [oa] |aqui quem fala e)|(?:pessoa|gente) de verdade|"
    r"nao e (?:um |uma )?(?:robo|bot|resposta automatica|mensagem automatica))\b"
)
_PROMPT = re.compile(
    r"\b(?:minhas instrucoes|instrucoes (?:anteriores|acima|do sistema)|system prompt|prompt|"
    r"modelo de linguagem|language model|como uma? (?:ia|inteligencia artificial)|openai|chatgpt)\b"
)


@dataclass(frozen=True, slots=True)
class Limites:
    """What this answer is held to. ``fontes`` are the only texts that facts may come from."""

    fontes: Sequence[str]
    palavras_proibidas: Sequence[str] = ()
    max_caracteres: int = 700


def violacoes(texto: str, limites: Limites) -> tuple[str, ...]:
    """Everything that forbids sending the text, in words for a person (pt-BR); empty is good."""
    lido = plano(texto).palavras
    fontes = " ".join(plano(fonte).palavras for fonte in limites.fontes)
    achadas: list[str] = []
    if not lido:
        return ("a resposta está vazia",)
    if len(texto) > limites.max_caracteres:
        achadas.append(f"a resposta passa de {limites.max_caracteres} caracteres")
    for palavra in limites.palavras_proibidas:
        procurada = plano(palavra).palavras
        if procurada and _has(lido, procurada):
            achadas.append(f"usa a palavra proibida “{palavra}”")
    achadas += _unfounded(texto, lido, fontes, limites.fontes)
    if _PERSON.search(lido):
        achadas.append("afirma ser uma pessoa")
    if _PROMPT.search(lido):
        achadas.append("fala das próprias instruções")
    return tuple(achadas)


def _unfounded(texto: str, lido: str, fontes: str, originais: Sequence[str]) -> list[str]:
    achadas: list[str] = []
    bruto = " ".join(originais)
    permitidos = {_digits(numero) for numero in _NUMBER.findall(bruto)}
    for numero in _NUMBER.findall(texto):
        if _digits(numero) not in permitidos:
            achadas.append(f"cita o número “{numero}”, que não está na base de conhecimento")
    for afirmacao in _CLAIMS.findall(lido):
        if not _has(fontes, afirmacao):
            achadas.append(f"afirma “{afirmacao}”, que não está na base de conhecimento")
    for link in (*_LINK.findall(texto), *_DOMAIN.findall(texto)):
        if link.rstrip(".,;").lower() not in bruto.lower():
            achadas.append("traz um endereço que não está na base de conhecimento")
    return achadas


def _has(texto: str, palavras: str) -> bool:
    return f" {palavras} " in f" {texto} "


def _digits(numero: str) -> str:
    """1.200,00 and 1200 are one number; 1,5 and 15 are not."""
    inteiro = re.sub(r"[.,]0{1,2}$", "", numero)
    return re.sub(r"[.,](?=\d{3}(?:\D|$))", "", inteiro).replace(",", ".")
