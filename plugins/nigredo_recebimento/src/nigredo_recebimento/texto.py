"""Text of cells: what a cell says once the dirt is off."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_VAZIOS = frozenset(
    (
        "",
        "-",
        "--",
        "---",
        ".",
        "/",
        "x",
        "n/a",
        "na",
        "n.a.",
        "nd",
        "n/d",
        "nan",
        "null",
        "none",
        "nulo",
        "vazio",
        "sem",
        "s/n",
        "#n/d",
        "#n/a",
        "#ref!",
        "#valor!",
        "#value!",
        "não informado",
        "nao informado",
        "não tem",
        "nao tem",
        "não possui",
        "nao possui",
        "não consta",
        "nao consta",
        "a confirmar",
        "desconhecido",
        "sem e-mail",
        "sem email",
        "sem telefone",
        "isento",
    )
)
_LONGEST_VAZIO = max(map(len, _VAZIOS))


def limpo(valor: str | None) -> str:
    """The text with single blanks and no control characters; empty where it only says "none"."""
    if not valor:
        return ""
    # The blank is the only printable white space (``str.isprintable``).
    if valor.isprintable() and "  " not in valor and valor[0] != " " and valor[-1] != " ":
        texto = valor
    else:
        texto = " ".join("".join(c if c.isprintable() else " " for c in valor).split())
    if len(texto) <= _LONGEST_VAZIO and texto.lower() in _VAZIOS:
        return ""
    return texto


@lru_cache(maxsize=8192)
def limpo_repetido(valor: str | None) -> str:
    """``limpo`` for columns whose values repeat (setor, cidade): remembered."""
    return limpo(valor)


@lru_cache(maxsize=8192)
def dobrado(texto: str) -> str:
    """Lower case without accents and single-blanked, to compare by."""
    decomposto = unicodedata.normalize("NFKD", texto.casefold())
    return " ".join("".join(c for c in decomposto if not unicodedata.combining(c)).split())
