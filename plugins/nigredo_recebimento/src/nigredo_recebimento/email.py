"""E-mail addresses: valid by email-validator without DNS, the plain forms read without it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Final, NamedTuple

from email_validator import EmailNotValidError, validate_email

_SIMPLES = re.compile(
    r"[a-z0-9_]+(?:[.+-][a-z0-9_]+)*@"
    r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+(?:-[a-z0-9]+)*)*"
    r"\.(?:com|br|net|org|io|co|ind|app|dev)"
)
_LOCAL_MAXIMO: Final = 64
_SIMPLES_MAXIMO: Final = 63
_SEPARADORES = re.compile(r"[;,|<>\s]+")
_ANTES = re.compile(r"[;,|:(\[]")
_DEPOIS = re.compile(r"[;,|)\]]")
_PONTAS: Final = ".,;:<>()[]\"'"
GRATUITOS: Final = frozenset(
    files(__package__).joinpath("provedores_gratuitos.txt").read_text("utf-8").split()
)
"""Providers of personal addresses; any other domain counts as the company's own."""


class Email(NamedTuple):
    """``email`` is what is written to; ``norm`` the identity: the lower-cased address."""

    email: str
    norm: str

    @property
    def corporativo(self) -> bool:
        """Whether the domain is not one of a provider of personal addresses."""
        return corporativo(self.norm)


def corporativo(endereco: str) -> bool:
    """Whether an address is not at a provider of personal addresses."""
    return endereco.rpartition("@")[2] not in GRATUITOS


def normalizar_email(texto: str) -> Email | None:
    """The first valid address of a cell, or None.

    A cell may hold several, split by blanks, commas or semicolons, angle brackets, ``mailto:`` and
    blanks inside the address ("ana @ foz.com.br").
    """
    endereco = rapido(texto)
    if endereco is not None:
        return Email(endereco, endereco)
    for trecho in _candidatos(texto):
        endereco = rapido(trecho) or pela_biblioteca(trecho)
        if endereco is not None:
            return Email(endereco, endereco)
    return None


def rapido(texto: str) -> str | None:
    """The lower-cased address where its form is plain, or None where the library must look.

    It says the same as the library, or nothing (tested).
    """
    baixo = texto.strip().lower()
    if len(baixo) <= _SIMPLES_MAXIMO and _SIMPLES.fullmatch(baixo) and "--" not in baixo:
        return baixo
    return None


def pela_biblioteca(texto: str) -> str | None:
    """The lower-cased address as email-validator reads it, or None. Never asks the DNS."""
    try:
        valido = validate_email(texto.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        # The library's way of saying that the text is no address.
        return None
    return valido.normalized.lower()


def _candidatos(texto: str) -> Iterator[str]:
    limpo = re.sub(r"mailto:", "", texto, flags=re.IGNORECASE)
    limpo = re.sub(r"\s*@\s*", "@", limpo)
    if limpo.count("@") == 1 and "<" not in limpo:
        # A blank after the @ was typed by accident; a word before the address makes it unclear
        # whose it is ("joao silva@foz.com.br" is not silva's), so nothing is guessed there.
        local, _, dominio = limpo.partition("@")
        primeiro = _DEPOIS.split("".join(dominio.split()))[0]
        yield f"{_ANTES.split(local)[-1].strip()}@{primeiro}".strip(_PONTAS)
        return
    for parte in _SEPARADORES.split(limpo):
        if "@" in parte:
            yield parte.strip(_PONTAS)
