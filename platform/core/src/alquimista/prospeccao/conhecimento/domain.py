"""Ranking of passages: accent-folded words, a light stem, rarer words weigh more.

A question is answered only from passages that share at least one telling word with it; where none
does, the answer is empty, and the agent says that it will ask a person.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from alquimista_sdk.models import Trecho

_WORD = re.compile(r"[a-z0-9]+")
_VAZIAS = frozenset(
    [
        "a",
        "ao",
        "aos",
        "as",
        "ate",
        "com",
        "como",
        "da",
        "das",
        "de",
        "dela",
        "dele",
        "do",
        "dos",
        "e",
        "ela",
        "ele",
        "eles",
        "em",
        "entre",
        "era",
        "essa",
        "esse",
        "esta",
        "estao",
        "este",
        "eu",
        "foi",
        "ha",
        "isso",
        "isto",
        "ja",
        "la",
        "lhe",
        "mais",
        "mas",
        "me",
        "mesmo",
        "meu",
        "minha",
        "muito",
        "na",
        "nao",
        "nas",
        "nem",
        "no",
        "nos",
        "nossa",
        "nosso",
        "o",
        "os",
        "ou",
        "para",
        "pela",
        "pelo",
        "por",
        "qual",
        "quando",
        "que",
        "quem",
        "sao",
        "se",
        "sem",
        "ser",
        "seu",
        "so",
        "sua",
        "tambem",
        "te",
        "tem",
        "tenho",
        "ter",
        "um",
        "uma",
        "vc",
        "vcs",
        "voce",
        "voces",
        "vou",
        "oi",
        "ola",
        "bom",
        "boa",
        "dia",
        "tarde",
        "noite",
        "pra",
        "pro",
        "gostaria",
        "saber",
        "queria",
        "preciso",
        "favor",
        "sobre",
    ]
)
_SUFIXOS = (
    "amentos",
    "imentos",
    "amento",
    "imento",
    "acoes",
    "acao",
    "mente",
    "ados",
    "adas",
    "ado",
    "ada",
    "ando",
    "endo",
    "indo",
    "oes",
    "ais",
    "eis",
    "am",
    "em",
    "ar",
    "er",
    "ir",
    "as",
    "es",
    "os",
    "a",
    "e",
    "o",
    "s",
)
_TITULO = 2.0
_PALAVRAS = 2.5
_TEXTO = 1.0
_RAIZ_MINIMA = 3


@dataclass(frozen=True, slots=True)
class Passagem:
    """A passage as the table holds it; ``palavras`` are what people ask it by."""

    id: UUID
    titulo: str
    texto: str
    palavras: str = ""


def search(passagens: Sequence[Passagem], consulta: str, limite: int) -> tuple[Trecho, ...]:
    """The passages nearest to a question, best first; ``relevancia`` is 0 to 1 of the best.

    Raises:
        ValueError: ``limite`` is below 1.
    """
    if limite < 1:
        raise ValueError("limite is at least 1")
    asked = set(stems(consulta))
    if not asked or not passagens:
        return ()
    weights = [_weights(passagem) for passagem in passagens]
    seen_in = Counter(word for found in weights for word in found)
    scored = []
    for passagem, found in zip(passagens, weights, strict=True):
        score = sum(
            found[word] * math.log(1 + len(passagens) / seen_in[word])
            for word in asked
            if word in found
        )
        if score > 0:
            scored.append((score, passagem))
    scored.sort(key=lambda pair: (-pair[0], pair[1].titulo, str(pair[1].id)))
    best = scored[0][0] if scored else 1.0
    return tuple(
        replace(Trecho(p.id, p.titulo, p.texto), relevancia=round(score / best, 3))
        for score, p in scored[:limite]
    )


def stems(text: str) -> list[str]:
    """The telling words of a text, without accents, case or endings."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return [_stem(word) for word in _WORD.findall(plain) if word not in _VAZIAS]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    for suffix in _SUFIXOS:
        if word.endswith(suffix) and len(word) - len(suffix) >= _RAIZ_MINIMA:
            return word[: -len(suffix)]
    return word


def _weights(passagem: Passagem) -> dict[str, float]:
    found: dict[str, float] = {}
    for text, weight in (
        (passagem.texto, _TEXTO),
        (passagem.titulo, _TITULO),
        (passagem.palavras, _PALAVRAS),
    ):
        for word in stems(text):
            found[word] = max(found.get(word, 0.0), weight)
    return found
