"""Write the scores of the folds into the plugin: the second half of ``make modelo``.

Accounts that train on their corrections are held to them (``nigredo_sentimento.aprendizado``).
"""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

from benchmarks.respostas.dados import ler, sem_repetidos
from benchmarks.respostas.treino import amostrar, dobras, ler_leituras
from nigredo_sentimento.dobras import ARQUIVO, Dobrado, escrever_dobras
from nigredo_sentimento.modelo import CABECAS, MODELO_SHA256


def main() -> int:
    """Train on every fold, score its test part, write the file."""
    exemplos = sem_repetidos(ler())
    leituras = ler_leituras(exemplos)
    pontos = dobras(amostrar(leituras, exemplos), leituras, exemplos)
    respostas = [
        Dobrado(
            item.text,
            item.anterior,
            item.intent,
            item.sentimento,
            item.intensidade,
            item.descadastro,
            tuple(dele[nome] for nome in CABECAS),
        )
        for item, dele in zip(exemplos, pontos, strict=True)
    ]
    conteudo = escrever_dobras(respostas, MODELO_SHA256)
    Path(str(files("nigredo_sentimento") / ARQUIVO)).write_bytes(conteudo)
    sys.stdout.write(f"{len(respostas)} scored replies, {len(conteudo)} bytes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
