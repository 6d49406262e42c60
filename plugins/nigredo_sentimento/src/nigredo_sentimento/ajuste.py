"""What one account's people have taught the model: weights that are added to the shipped ones.

The shipped table stays as it is and is shared by all; an account's model is the rows in which it
differs. Rows are hashes of masked words: no text can be read back from them. The file is a line of
JSON (the shipped model that it adds to) and the rows, compressed.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nigredo_sentimento.modelo import CABECAS, MODELO_SHA256, Modelo, blocos, modelo
from nigredo_sentimento.tracos import LINHAS, Tracos

Pesos = Mapping[int, Sequence[float]]
"""Row → what is added to the weight of each head."""

_LINHA = struct.Struct(f"<I{len(CABECAS)}f")
_MAXIMO_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ModeloAjustado(Modelo):
    """The shipped model and an account's weights."""

    ajuste: Pesos = field(default_factory=dict)

    def pontuar(self, tracos: Tracos) -> dict[str, float]:
        """The shipped score of every head plus the account's."""
        pontos = Modelo.pontuar(self, tracos)
        return {
            nome: pontos[nome] + mais
            for nome, mais in zip(CABECAS, acrescimo(self.ajuste, tracos), strict=True)
        }


def acrescimo(ajuste: Pesos, tracos: Tracos) -> list[float]:
    """What an account's weights add to the score of each head."""
    somas = [0.0] * len(CABECAS)
    for linhas, fator in blocos(tracos):
        for linha in linhas:
            pesos = ajuste.get(linha)
            if pesos is not None:
                for cabeca, peso in enumerate(pesos):
                    somas[cabeca] += fator * peso
    return somas


def ajustado(ajuste: Pesos) -> ModeloAjustado:
    """The shipped model with these weights added."""
    base = modelo()
    return ModeloAjustado(
        base.tabela, base.escalas, base.vieses, base.limites, base.origem, dict(ajuste)
    )


def escrever_ajuste(ajuste: Pesos) -> bytes:
    """The file of an account's weights; the same weights give the same bytes."""
    cabeca = json.dumps({"base": MODELO_SHA256, "cabecas": CABECAS}, separators=(",", ":"))
    linhas = b"".join(_LINHA.pack(linha, *ajuste[linha]) for linha in sorted(ajuste))
    return cabeca.encode() + b"\n" + zlib.compress(linhas, 9)


def ler_ajuste(conteudo: bytes) -> dict[int, tuple[float, ...]]:
    """Read what :func:`escrever_ajuste` wrote.

    Raises:
        ValueError: the file is damaged, or adds to another model than the shipped one.
    """
    linha, _, resto = conteudo.partition(b"\n")
    dado = json.loads(linha)
    if dado["base"] != MODELO_SHA256 or tuple(dado["cabecas"]) != CABECAS:
        raise ValueError("weights that add to another model")
    leitor = zlib.decompressobj()
    try:
        plano = leitor.decompress(resto, _MAXIMO_BYTES)
    except zlib.error as error:
        raise ValueError("damaged weights") from error
    if not leitor.eof or len(plano) % _LINHA.size:
        raise ValueError("damaged weights")
    achado = {valores[0]: tuple(valores[1:]) for valores in _LINHA.iter_unpack(plano)}
    if any(linha >= LINHAS for linha in achado):
        raise ValueError("a row that no model has")
    return achado
