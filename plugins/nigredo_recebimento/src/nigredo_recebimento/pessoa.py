"""Person or company: the product writes to companies, a private person's row is not taken."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from nigredo_recebimento.texto import dobrado


def _lista(arquivo: str) -> frozenset[str]:
    texto = files(__package__).joinpath(arquivo).read_text("utf-8")
    return frozenset(dobrado(palavra) for palavra in texto.split())


_NOMES: Final = _lista("nomes_proprios.txt")
_EMPRESARIAIS: Final = _lista("palavras_de_empresa.txt")
_PARTICULAS: Final = frozenset(
    {"da", "das", "de", "do", "dos", "e", "jr", "junior", "filho", "neto"}
)
_MENOS_PALAVRAS, _MAIS_PALAVRAS = 2, 6


def parece_nome_de_pessoa(empresa: str) -> bool:
    """Whether the company's cell holds what reads as a private person's full name.

    The first word must be a common Brazilian given name, every word letters only, and none a word
    that companies call themselves by. A doubt is decided for the company.
    """
    primeira, _, _ = empresa.partition(" ")
    if primeira.lower() not in _NOMES and dobrado(primeira) not in _NOMES:
        return False
    palavras = dobrado(empresa).split()
    if not _MENOS_PALAVRAS <= len(palavras) <= _MAIS_PALAVRAS:
        return False
    if not all(palavra.isalpha() for palavra in palavras):
        return False
    if any(palavra in _EMPRESARIAIS for palavra in palavras):
        return False
    return any(palavra not in _PARTICULAS for palavra in palavras[1:])
