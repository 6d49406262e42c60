"""The reading that ``sentimento.analisar`` gives, and plain words to look things up in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alquimista_sdk.errors import InvalidPayload
from alquimista_sdk.events import INTENTS
from alquimista_sdk.models import Leitura

SENTIMENTOS = ("positivo", "neutro", "negativo", "irritado")
DESCADASTROS = ("certo", "incerto", "nao")


def ler_analise(resposta: Mapping[str, Any]) -> Leitura:
    """The operation's answer as a ``Leitura``.

    Raises:
        InvalidPayload: a value is missing or unknown.
    """
    for campo, aceitos in (
        ("intent", INTENTS),
        ("sentimento", SENTIMENTOS),
        ("descadastro", DESCADASTROS),
    ):
        if resposta.get(campo) not in aceitos:
            raise InvalidPayload(f"sentimento.analisar: {campo} is not one of {', '.join(aceitos)}")
    return Leitura(
        sentimento=str(resposta["sentimento"]),
        intensidade=int(resposta["intensidade"]),
        intent=str(resposta["intent"]),
        descadastro=str(resposta["descadastro"]),
        motivos=tuple(str(motivo) for motivo in resposta.get("motivos", ())),
        modelo=str(resposta.get("modelo", "")),
    )


@dataclass(frozen=True, slots=True)
class Plano:
    """A text without accents and case; ``palavras`` is its words joined by single spaces."""

    palavras: str
    pergunta: bool


def plano(texto: str) -> Plano:
    """Make words comparable."""
    decomposto = unicodedata.normalize("NFKD", texto.casefold())
    limpo = "".join(letra for letra in decomposto if not unicodedata.combining(letra))
    return Plano(" ".join(re.findall(r"[a-z0-9]+", limpo)), "?" in texto)
