"""Ranking of passages: accent-folded words, a light stem, rarer words weigh more.

A question is answered only from passages that share at least one telling word with it; where none
does, the answer is empty, and the agent says that it will ask a person.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID

from alquimista.prospeccao.folding import folded
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


@dataclass(frozen=True, slots=True)
class Motivo:
    """Why a passage was found: a word of the question, and the field that it counts most in.

    ``pontos`` is what it adds to the passage: the field's weight, more where few passages have it.
    """

    palavra: str
    onde: str
    pontos: float


@dataclass(frozen=True, slots=True)
class Achado:
    """A passage that answers, as agents read it, and why it was found."""

    trecho: Trecho
    motivos: tuple[Motivo, ...]


def search(passagens: Sequence[Passagem], consulta: str, limite: int) -> tuple[Trecho, ...]:
    """The passages nearest to a question, best first; ``relevancia`` is 0 to 1 of the best.

    Raises:
        ValueError: ``limite`` is below 1.
    """
    return tuple(achado.trecho for achado in explained(passagens, consulta, limite))


def explained(passagens: Sequence[Passagem], consulta: str, limite: int) -> tuple[Achado, ...]:
    """What ``search`` answers, each with its reasons, the strongest first.

    Raises:
        ValueError: ``limite`` is below 1.
    """
    if limite < 1:
        raise ValueError("limite is at least 1")
    asked = _asked(consulta)
    if not asked or not passagens:
        return ()
    weights = [_weights(passagem) for passagem in passagens]
    seen_in = Counter(word for found in weights for word in found)
    scored = []
    for passagem, found in zip(passagens, weights, strict=True):
        motivos = tuple(
            Motivo(word, found[stem][1], found[stem][0] * math.log(1 + len(passagens) / seen))
            for stem, word in asked.items()
            if stem in found and (seen := seen_in[stem])
        )
        if motivos:
            scored.append((sum(motivo.pontos for motivo in motivos), passagem, motivos))
    scored.sort(key=lambda entry: (-entry[0], entry[1].titulo, str(entry[1].id)))
    best = scored[0][0] if scored else 1.0
    return tuple(
        Achado(
            replace(Trecho(p.id, p.titulo, p.texto), relevancia=round(score / best, 3)),
            tuple(sorted(motivos, key=lambda motivo: (-motivo.pontos, motivo.palavra))),
        )
        for score, p, motivos in scored[:limite]
    )


def desconhecidas(passagens: Sequence[Passagem], consulta: str) -> list[str]:
    """The question's telling words that no passage has."""
    known = {stem for passagem in passagens for stem in _weights(passagem)}
    return [word for stem, word in _asked(consulta).items() if stem not in known]


def stems(text: str) -> list[str]:
    """The telling words of a text, without accents, case or endings."""
    return [_stem(word) for word in _words(text)]


def _asked(consulta: str) -> dict[str, str]:
    """Stem → the word of the question that it comes from, each once."""
    found: dict[str, str] = {}
    for word in _words(consulta):
        found.setdefault(_stem(word), word)
    return found


def _words(text: str) -> list[str]:
    plain = folded(text)
    return [word for word in _WORD.findall(plain) if word not in _VAZIAS]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    for suffix in _SUFIXOS:
        if word.endswith(suffix) and len(word) - len(suffix) >= _RAIZ_MINIMA:
            return word[: -len(suffix)]
    return word


def _weights(passagem: Passagem) -> dict[str, tuple[float, str]]:
    """Stem → the highest weight that it has in the passage, and the field that gives it."""
    found: dict[str, tuple[float, str]] = {}
    for text, weight, field in (
        (passagem.palavras, _PALAVRAS, "palavras"),
        (passagem.titulo, _TITULO, "titulo"),
        (passagem.texto, _TEXTO, "texto"),
    ):
        for stem in stems(text):
            found.setdefault(stem, (weight, field))
    return found
