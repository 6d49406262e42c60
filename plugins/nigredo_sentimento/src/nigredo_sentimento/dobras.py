"""The shipped folds: every labelled reply with the scores of a model that never saw its like.

``make modelo`` writes ``dobras.gz``: a line of JSON naming the model, then a line per reply. An
account's weights are added to those scores to see what they would do to replies that neither has
seen, without training anything again.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from nigredo_sentimento.modelo import CABECAS, MODELO_SHA256

ARQUIVO = "dobras.gz"


@dataclass(frozen=True, slots=True)
class Dobrado:
    """A labelled reply and its scores by head, in the order of ``CABECAS``."""

    text: str
    anterior: str
    intent: str
    sentimento: str
    intensidade: int
    descadastro: bool
    pontos: tuple[float, ...]


@cache
def dobras() -> tuple[Dobrado, ...]:
    """The shipped folds.

    Raises:
        ValueError: they were made with another model; ``make modelo`` makes both.
    """
    return ler_dobras((files("nigredo_sentimento") / ARQUIVO).read_bytes())


def ler_dobras(conteudo: bytes) -> tuple[Dobrado, ...]:
    """Read what :func:`escrever_dobras` wrote. Raises ``ValueError`` as :func:`dobras`."""
    cabeca, *linhas = gzip.decompress(conteudo).decode().splitlines()
    dado = json.loads(cabeca)
    if dado["modelo"] != MODELO_SHA256 or tuple(dado["cabecas"]) != CABECAS:
        raise ValueError(f"{ARQUIVO} was made with another model: run make modelo")
    return tuple(_folded(*json.loads(linha)) for linha in linhas)


def escrever_dobras(respostas: Iterable[Dobrado], modelo_sha256: str) -> bytes:
    """The file of the folds; the same replies and scores give the same bytes."""
    linhas: list[Sequence[object]] = [
        (
            item.text,
            item.anterior,
            item.intent,
            item.sentimento,
            item.intensidade,
            int(item.descadastro),
            [round(ponto, 3) for ponto in item.pontos],
        )
        for item in respostas
    ]
    textos = [json.dumps({"modelo": modelo_sha256, "cabecas": CABECAS}, separators=(",", ":"))]
    textos += [json.dumps(x, ensure_ascii=False, separators=(",", ":")) for x in linhas]
    return gzip.compress("\n".join(textos).encode(), 9, mtime=0)


def _folded(
    text: str,
    anterior: str,
    intent: str,
    sentimento: str,
    intensidade: int,
    descadastro: int,
    pontos: Sequence[float],
) -> Dobrado:
    return Dobrado(
        text, anterior, intent, sentimento, intensidade, bool(descadastro), tuple(pontos)
    )
