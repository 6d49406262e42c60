"""A message without whom it is about: for what is kept to learn from, and for outside readers.

Beyond ``masking.mask_text`` it hides addresses on the web, handles, long numbers and names: the
names that are known (the lead's), common Brazilian first names, what follows words that introduce a
person, and capitalised words inside a sentence. It hides too much rather than too little.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from alquimista.observability.masking import (
    DOCUMENTO,
    EMAIL,
    NUMERO,
    Marca,
    mask_text,
    plain_mark,
)

NOME = "[nome]"
LINK = "[link]"
PERFIL = "[perfil]"
MARCAS = (NOME, EMAIL, NUMERO, DOCUMENTO, LINK, PERFIL)
"""Every kind of mark; one may carry a number before its end, such as ``[nome 1]``."""
_MARCA = re.compile(r"\[(?:" + "|".join(re.escape(m[1:-1]) for m in MARCAS) + r")(?: \d+)?\]")
_LINK = re.compile(
    r"(?:https?://|www\.)\S+?(?=[.,;:!?)\]]*(?:\s|$))"
    r"|(?<![\w@.-])(?:[\w-]+\.)+(?:com|net|org|br|io|app|dev|me|co|info|biz|link)"
    r"(?:/\S*?(?=[.,;:!?)\]]*(?:\s|$)))?(?![\w-])",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s,;:<>()\"]+@[^\s,;:<>()\"]+\.\w+")
_PERFIL = re.compile(r"(?<![\w@])@\w[\w.]*")
_LONGO = re.compile(r"(?<![\w,.])\d{5}-\d{3}(?!\d)|(?<![\w,.])\d{6,}(?!\w)")
_PALAVRA = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LIGA = frozenset(("da", "de", "do", "das", "dos", "e"))
_APRESENTA = re.compile(
    r"(?:\baqui (?:é|e|eh|fala)(?: [oa])?|\b(?:sou|me chamo|meu nome (?:é|e|eh))(?: [oa])?"
    r"|\b(?:fal[ae]r?|tratar|ver|procur[ae]r?|cham[ae]r?) (?:com )?(?:[oa]|com)\b"
    r"|\b(?:sra?|dra?|seu|dona|prof|profa)\b\.?"
    r"|\b(?:att|abs|abraços?|atenciosamente|obrigad[oa])\b\s*[,.!:\n-]+)\s*$",
    re.IGNORECASE,
)
_FICAM = frozenset(
    [
        "alquimista",
        "brasil",
        "cnpj",
        "cpf",
        "crm",
        "erp",
        "excel",
        "google",
        "lgpd",
        "linkedin",
        "mei",
        "outlook",
        "pix",
        "receita",
        "rh",
        "sms",
        "ti",
        "whatsapp",
        "zap",
        "janeiro",
        "fevereiro",
        "março",
        "abril",
        "maio",
        "junho",
        "julho",
        "agosto",
        "setembro",
        "outubro",
        "novembro",
        "dezembro",
        "segunda",
        "terça",
        "quarta",
        "quinta",
        "sexta",
        "sábado",
        "domingo",
        "natal",
    ]
)
"""Capitalised words that say nothing of a person."""

_MENOR_NOME = 3
_GRITO = 0.6


def anonymous(texto: str, nomes: Iterable[str] = (), marca: Marca = plain_mark) -> str:
    """A text without personal data; ``nomes`` are names that are known to be somebody's.

    ``marca`` says what stands for each value; text that is a mark already stays as it is.
    """
    # E-mail addresses first: their domain would be taken for a link.
    plano = _EMAIL.sub(lambda achado: marca(EMAIL, achado.group()), texto)
    plano = _LINK.sub(lambda achado: marca(LINK, achado.group()), plano)
    plano = _PERFIL.sub(lambda achado: marca(PERFIL, achado.group()), plano)
    plano = mask_text(plano, marca)
    plano = _LONGO.sub(lambda achado: marca(NUMERO, achado.group()), plano)
    conhecidos = frozenset(
        simples
        for nome in nomes
        for palavra in _PALAVRA.findall(nome)
        if len(simples := _plain(palavra)) >= _MENOR_NOME and simples not in _LIGA
    )
    return _without_names(plano, conhecidos, marca)


def _without_names(texto: str, conhecidos: frozenset[str], marca: Marca) -> str:
    partes: list[str] = []
    fim = 0
    for inicio, ate in _names(texto, conhecidos):
        partes += [texto[fim:inicio], marca(NOME, texto[inicio:ate])]
        fim = ate
    return "".join([*partes, texto[fim:]])


def _names(texto: str, conhecidos: frozenset[str]) -> list[tuple[int, int]]:
    """Where names are; words of one name that follow each other are one span."""
    achados: list[tuple[int, int]] = []
    fim = 0
    seguida = False
    gritado = _shouted(texto)
    for achado in _PALAVRA.finditer(texto):
        palavra = achado.group()
        if _MARCA.match(texto, max(0, achado.start() - 1)):
            fim, seguida = achado.end(), False
            continue
        junto = seguida and texto[fim : achado.start()].strip() == ""
        nome = _is_name(texto, achado, conhecidos, gritado) or (
            junto and palavra[0].isupper() and not gritado
        )
        liga = junto and _plain(palavra) in _LIGA and _next_is_capital(texto, achado.end())
        fim = achado.end()
        if junto and (nome or liga):
            achados[-1] = (achados[-1][0], fim)
            continue
        if nome:
            achados.append((achado.start(), fim))
        seguida = nome
    return achados


def _is_name(texto: str, achado: re.Match[str], conhecidos: frozenset[str], gritado: bool) -> bool:
    palavra = achado.group()
    simples = _plain(palavra)
    if simples in conhecidos:
        return True
    grande = palavra[0].isupper()
    comuns, ambiguos = _first_names()
    if simples in comuns or (simples in ambiguos and grande and not gritado):
        return True
    antes = texto[max(0, achado.start() - 40) : achado.start()]
    if _APRESENTA.search(antes) and (grande or len(simples) == 1) and simples not in _FICAM:
        return len(simples) >= _MENOR_NOME
    return (
        grande
        and not gritado
        and len(simples) >= _MENOR_NOME
        and not palavra.isupper()
        and simples not in _plain_kept()
        and not _starts_sentence(texto, achado.start())
    )


def _starts_sentence(texto: str, inicio: int) -> bool:
    antes = texto[:inicio].rstrip(" \t\"'“‘«(*_-–—>")
    return not antes or antes[-1] in ".!?…:;\n"


def _next_is_capital(texto: str, fim: int) -> bool:
    achado = _PALAVRA.search(texto, fim)
    return (
        achado is not None
        and achado.group()[0].isupper()
        and not texto[fim : achado.start()].strip()
    )


def _shouted(texto: str) -> bool:
    """Mostly capitals: then a capital says nothing."""
    letras = [letra for letra in texto if letra.isalpha()]
    return bool(letras) and sum(letra.isupper() for letra in letras) > _GRITO * len(letras)


def _plain(palavra: str) -> str:
    decomposta = unicodedata.normalize("NFKD", palavra.casefold())
    return "".join(letra for letra in decomposta if not unicodedata.combining(letra))


@cache
def _plain_kept() -> frozenset[str]:
    return frozenset(_plain(palavra) for palavra in _FICAM)


@cache
def _first_names() -> tuple[frozenset[str], frozenset[str]]:
    """Common first names, and those that are words too (a line that starts with ``~``)."""
    comuns: set[str] = set()
    ambiguos: set[str] = set()
    conteudo = (files("alquimista.observability") / "nomes.txt").read_text(encoding="utf-8")
    for linha in conteudo.splitlines():
        alvo = ambiguos if linha.startswith("~") else comuns
        alvo.update(linha.lstrip("~").split())
    return frozenset(comuns), frozenset(ambiguos)
