"""Does the lead ask us to stop? Three outcomes, from words in context.

Certain: a command to us about contact, data or the list. Uncertain: it may be one, a person
decides. The design's keywords by themselves prove nothing: "quero parar de pagar caro" and
"São adequados à LGPD?" are ordinary sentences. Decision 19 of the project.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from nigredo_sentimento.padroes import compilar, ler_tabela
from nigredo_sentimento.texto import Frase, Texto, palavras

CERTO = "certo"
INCERTO = "incerto"
NAO = "nao"
PALAVRAS_DO_DESENHO = (
    "pare",
    "parar",
    "stop",
    "descadastre",
    "descadastrar",
    "remover",
    "não quero",
    "não tenho interesse",
    "lgpd",
    "dados pessoais",
)
"""The design's list. As tenant words they add nothing: the rules below read them in context."""

_GUARDA = "guarda"
_COMANDO_DE_LISTA = "comando"  # certain, unless we had just spoken of a meeting
_BLANK = "#"
_COMANDO = re.compile(
    r"(?:nao (?:quiser|quer|deseja|prefere)|deixar|parar|sair|descadastr\w*|remov\w+)"
)
_AFIRMA = (
    "^(?:{cortesia} )*(?:sim|isso|pode|por favor|quero|exato|positivo|confirmo|claro)"
    "(?: (?:{cortesia}|sim))*$"
)
_PERTO = "(?:me|nos|{meu}|mim|voces|{msg}|{dado}|{contatar}|{importunar})"


@dataclass(frozen=True, slots=True)
class Descadastro:
    """The outcome (``certo``, ``incerto`` or ``nao``) and why, for a person (pt-BR)."""

    desfecho: str
    motivos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Regra:
    nome: str
    desfecho: str
    padrao: re.Pattern[str]
    motivo: str


def detectar(
    texto: Texto, palavras_do_tenant: Sequence[str] = (), anterior: Texto | None = None
) -> Descadastro:
    """Read a prepared message; ``anterior`` is what we had asked before it."""
    achados: dict[str, list[str]] = {CERTO: [], INCERTO: []}
    for frase in texto.frases:
        for desfecho, motivo in _evidence(frase):
            if desfecho == _COMANDO_DE_LISTA:
                desfecho = INCERTO if _spoke_of_meeting(anterior) else CERTO
            achados[desfecho].append(motivo)
        for desfecho, motivo in _tenant_words(frase, palavras_do_tenant):
            achados[desfecho].append(motivo)
    if anterior is not None and _said_yes_to_leaving(texto, anterior):
        achados[CERTO].append("confirmou que quer sair da lista")
    for desfecho in (CERTO, INCERTO):
        if achados[desfecho]:
            return Descadastro(desfecho, tuple(dict.fromkeys(achados[desfecho])))
    return Descadastro(NAO)


def _evidence(frase: Frase) -> list[tuple[str, str]]:
    texto = _without_traps(frase.texto)
    achados = []
    for regra in _regras():
        if regra.desfecho == INCERTO and frase.pergunta:
            continue
        achado = regra.padrao.search(texto)
        if achado is not None:
            achados.append((regra.desfecho, f"{regra.motivo}: “{achado.group().strip(' ,')}”"))
    return achados


def _without_traps(texto: str) -> str:
    for regra in _guardas():
        texto = regra.padrao.sub(_BLANK, texto)
    return texto


def _tenant_words(frase: Frase, tenant: Sequence[str]) -> list[tuple[str, str]]:
    """The tenant's own words: alone they are certain, beside talk of contact a person decides."""
    achados: list[tuple[str, str]] = []
    conhecidas = {palavras(item) for item in PALAVRAS_DO_DESENHO}
    texto = _without_traps(frase.texto)
    for item in tenant:
        plano = palavras(item)
        if not plano or plano in conhecidas:
            continue
        palavra = re.escape(plano)
        if compilar(f"^(?:{{cortesia}} )*{palavra}(?: {{cortesia}})*$").search(texto):
            achados.append((CERTO, f"usou a palavra de saída “{item}”"))
        elif (
            not frase.pergunta
            and compilar(palavra).search(texto)
            and not compilar(f"{{nao}} (?:\\w+ )?{palavra}").search(texto)
            and compilar(_PERTO).search(texto)
        ):
            achados.append((INCERTO, f"usou a palavra “{item}”"))
    return achados


def _said_yes_to_leaving(texto: Texto, anterior: Texto) -> bool:
    perguntou = any(
        frase.pergunta
        and _COMANDO.search(frase.texto)
        and compilar("(?:receb\\w+|lista|{msg}|descadastr\\w*)").search(frase.texto)
        for frase in anterior.frases
    )
    return perguntou and compilar(_AFIRMA).search(texto.tudo) is not None


def _spoke_of_meeting(anterior: Texto | None) -> bool:
    return anterior is not None and compilar("{reuniao}|horarios").search(anterior.tudo) is not None


@cache
def _todas() -> tuple[_Regra, ...]:
    return tuple(
        _Regra(nome, desfecho, compilar(padrao), motivo)
        for nome, desfecho, padrao, motivo in ler_tabela("descadastro.tsv", 4)
    )


@cache
def _guardas() -> tuple[_Regra, ...]:
    return tuple(regra for regra in _todas() if regra.desfecho == _GUARDA)


@cache
def _regras() -> tuple[_Regra, ...]:
    return tuple(regra for regra in _todas() if regra.desfecho != _GUARDA)
