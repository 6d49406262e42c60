"""The embedded model: linear heads over hashed traces, in whole bytes, without numpy.

``modelo.bin`` is a line of JSON (scales, biases, limits, how it was trained) followed by the
table: for each row one byte per head, its weight plus 128. The score of a head is the sum over
the blocks of their rows' weights times the block's factor, times the head's scale, plus its bias.
``make modelo`` writes the file; ``MODELO_SHA256`` names the one that this version ships.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from nigredo_sentimento.tracos import LINHAS, Tracos

ARQUIVO = "modelo.bin"
MODELO_SHA256 = "ffd36de277477e0468cf8989c6b61acaf73b629ea2201926ae387ee36ad70abf"
INTENCOES = ("question", "interest", "objection", "refusal", "descadastro")
SENTIMENTOS = ("positivo", "neutro", "negativo", "irritado")
CABECAS = (*INTENCOES, *SENTIMENTOS, "pedido", "intensidade")
ZERO = 128
"""The byte of a weight of nothing."""

PESO_DAS_REGRAS = 0.4
"""What a finding of the rules counts; the other blocks count 1 over the root of their size."""


@dataclass(frozen=True, slots=True)
class Limites:
    """Where the score of ``pedido`` turns into an outcome, by what the rules said."""

    certo: Mapping[str, float]
    incerto: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Modelo:
    """A model ready to score."""

    tabela: bytes
    escalas: tuple[float, ...]
    vieses: tuple[float, ...]
    limites: Limites
    origem: Mapping[str, Any]

    def pontuar(self, tracos: Tracos) -> dict[str, float]:
        """The score of every head; 0 lies between yes and no, intensity is 0 to 100."""
        largura, tabela = len(CABECAS), self.tabela
        somas = [0.0] * largura
        for linhas, fator in blocos(tracos):
            inicios = [linha * largura for linha in linhas]
            pesos = b"".join([tabela[inicio : inicio + largura] for inicio in inicios])
            nada = ZERO * len(linhas)
            for cabeca in range(largura):
                somas[cabeca] += fator * (sum(pesos[cabeca::largura]) - nada)
        return {
            nome: soma * escala + vies
            for nome, soma, escala, vies in zip(
                CABECAS, somas, self.escalas, self.vieses, strict=True
            )
        }

    def pesos(self, cabeca: str, grupos: Iterable[Sequence[int]]) -> list[int]:
        """The sum of one head's weights in each group of rows, in its own scale."""
        largura, coluna, tabela = len(CABECAS), CABECAS.index(cabeca), self.tabela
        return [
            sum([tabela[linha * largura + coluna] for linha in linhas]) - ZERO * len(linhas)
            for linhas in grupos
        ]


def blocos(tracos: Tracos) -> list[tuple[tuple[int, ...], float]]:
    """The rows of each block that has any, with the block's factor."""
    normais = (tracos.palavras, tracos.caracteres, tracos.classes, tracos.contexto)
    achados = [(linhas, len(linhas) ** -0.5) for linhas in normais if linhas]
    if tracos.regras:
        achados.append((tracos.regras, PESO_DAS_REGRAS))
    return achados


@cache
def modelo() -> Modelo:
    """The model that this version ships.

    Raises:
        ValueError: the file is not the one that the version names.
    """
    conteudo = (files("nigredo_sentimento") / ARQUIVO).read_bytes()
    if hashlib.sha256(conteudo).hexdigest() != MODELO_SHA256:
        raise ValueError(f"{ARQUIVO} is not the file that this version names")
    return ler_modelo(conteudo)


def ler_modelo(conteudo: bytes) -> Modelo:
    """Read what :func:`escrever_modelo` wrote.

    Raises:
        ValueError: the heads or the size of the table are not those of this version.
    """
    linha, _, tabela = conteudo.partition(b"\n")
    dado = json.loads(linha)
    if tuple(dado["cabecas"]) != CABECAS or len(tabela) != LINHAS * len(CABECAS):
        raise ValueError("a model of another shape")
    return Modelo(
        tabela=tabela,
        escalas=tuple(dado["escalas"]),
        vieses=tuple(dado["vieses"]),
        limites=Limites(dado["certo"], dado["incerto"]),
        origem=dado["origem"],
    )


def escrever_modelo(modelo: Modelo) -> bytes:
    """The file of a model; the same model gives the same bytes."""
    dado = {
        "cabecas": CABECAS,
        "escalas": modelo.escalas,
        "vieses": modelo.vieses,
        "certo": dict(modelo.limites.certo),
        "incerto": dict(modelo.limites.incerto),
        "origem": dict(modelo.origem),
    }
    linha = json.dumps(dado, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return linha.encode() + b"\n" + modelo.tabela
