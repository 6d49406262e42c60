"""``make bench-respostas``: the shipped model on labelled replies that it never saw.

Grouped folds and writer against writer on our own examples, a development set if there is one,
the design's keyword list and LeIA (a Portuguese VADER) on the same set, size and time. LeIA knows
three tones and neither intent nor opt-out.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from LeIA import SentimentIntensityAnalyzer

from benchmarks.respostas.dados import Dobra, Exemplo, dobrar, ler, por_escritor, sem_repetidos
from benchmarks.respostas.treino import Amostras, amostrar, ler_leituras, treinar
from nigredo_sentimento import avaliacao
from nigredo_sentimento.analise import Analise, Leitura, analisar, concluir, observar
from nigredo_sentimento.avaliacao import Medidas, avaliar, comparar, ler_exemplos, palavras_chave
from nigredo_sentimento.descadastro import NAO, Descadastro
from nigredo_sentimento.modelo import ARQUIVO, modelo

VOLTAS = 7
_TOM = 0.05  # LeIA's own limit between neutral and the rest
_COLUNAS = (
    ("intent", "intent_macro_f1"),
    ("sentiment", "sentimento_macro_f1"),
    ("opt-out seen", "descadastro_recall"),
    ("seen certain", "descadastro_recall_certo"),
    ("certain right", "descadastro_precisao_certo"),
    ("paused", "pausados"),
)


def linha(nome: str, medidas: Medidas) -> str:
    """One row of the table."""
    valores = "".join(f"{getattr(medidas, campo):>14.3f}" for _, campo in _COLUNAS)
    return f"{nome:34}{valores}"


def por_dobras(
    exemplos: Sequence[Exemplo],
    leituras: Sequence[Leitura],
    amostras: Amostras,
    dobras: Iterable[Dobra],
) -> list[Analise | None]:
    """Each example read by a model that was trained without its fold, with the shipped limits."""
    lidas: list[Analise | None] = [None] * len(exemplos)
    for dobra in dobras:
        parcial = replace(
            treinar(amostras.de(dobra.treino), [exemplos[i] for i in dobra.treino]),
            limites=modelo().limites,
        )
        for i in dobra.teste:
            lidas[i] = concluir(exemplos[i].text, leituras[i], parcial)
    return lidas


def medir(exemplos: Sequence[Exemplo], lidas: Sequence[Analise | None]) -> Medidas:
    """Our examples in the plugin's own measure."""
    rotulos = [
        avaliacao.Exemplo(item.text, item.intent, item.sentimento, item.descadastro)
        for item in exemplos
    ]
    return comparar(rotulos, [lida for lida in lidas if lida is not None])


def leia() -> Callable[[str], Analise]:
    """LeIA as a reader of tone; what it does not know counts as the keyword list has it."""
    analisador = SentimentIntensityAnalyzer()

    def ler_tom(texto: str) -> Analise:
        tom = analisador.polarity_scores(texto)["compound"]
        nome = "positivo" if tom >= _TOM else "negativo" if tom <= -_TOM else "neutro"
        return replace(palavras_chave(texto), sentimento=nome)

    return ler_tom


def sem_regras(leituras: Sequence[Leitura]) -> list[Leitura]:
    """The same readings as if there were no rules and no lexicons."""
    return [
        replace(item, pedido=Descadastro(NAO), tracos=replace(item.tracos, regras=()))
        for item in leituras
    ]


def so_modelo(exemplos: Sequence[Exemplo], leituras: Sequence[Leitura]) -> Callable[[str], Analise]:
    """A reader that was trained without the rules' findings and never asks them."""
    amostras = amostrar(sem_regras(leituras), exemplos, sem_regras)
    pronto = replace(treinar(amostras, exemplos), limites=modelo().limites)
    return lambda texto: concluir(texto, sem_regras([observar(texto)])[0], pronto)


def milissegundos(textos: Sequence[str]) -> float:
    """Processor time of a whole reading, in milliseconds a message; the best of some rounds."""
    analisar(textos[0])
    melhor = float("inf")
    for _ in range(VOLTAS):
        inicio = time.process_time()
        for texto in textos:
            analisar(texto)
        melhor = min(melhor, (time.process_time() - inicio) / len(textos))
    return melhor * 1000


def main(argumentos: Sequence[str]) -> int:
    """Print the table, then one line per target."""
    exemplos = sem_repetidos(ler())
    # First: the training below fills the process with what no worker holds.
    tempo = milissegundos([item.text for item in exemplos[:1000]])
    leituras = ler_leituras(exemplos)
    amostras = amostrar(leituras, exemplos)
    print(f"{'':34}" + "".join(f"{titulo:>14}" for titulo, _ in _COLUNAS))
    for nome, dobras in (("folds", dobrar(exemplos)), ("other writer", por_escritor(exemplos))):
        lidas = por_dobras(exemplos, leituras, amostras, dobras)
        print(linha(f"{nome}, all", medir(exemplos, lidas)))
        comuns = [i for i, item in enumerate(exemplos) if not item.armadilha]
        print(
            linha(
                f"{nome}, no traps",
                medir([exemplos[i] for i in comuns], [lidas[i] for i in comuns]),
            )
        )
        erro = sum(
            abs(lida.intensidade - item.intensidade)
            for item, lida in zip(exemplos, lidas, strict=True)
            if lida is not None
        )
        print(f"{nome}, mean error of intensity: {erro / len(exemplos):.1f} of 100")
    tamanho = len((files("nigredo_sentimento") / ARQUIVO).read_bytes()) / 1e6
    alvos: list[tuple[str, float, float, bool]] = []
    if argumentos and Path(argumentos[0]).is_file():
        dev = ler_exemplos(Path(argumentos[0]))
        nossa = avaliar(dev)
        print(linha(f"development set ({len(dev)}), ours", nossa))
        print(linha("development set, without rules", avaliar(dev, so_modelo(exemplos, leituras))))
        print(linha("development set, keyword list", avaliar(dev, palavras_chave)))
        print(linha("development set, LeIA + keywords", avaliar(dev, leia())))
        alvos += [
            ("sentiment macro-F1", nossa.sentimento_macro_f1, 0.72, True),
            ("intent macro-F1", nossa.intent_macro_f1, 0.85, True),
            ("opt-outs certo or incerto", nossa.descadastro_recall, 1.0, True),
            ("precision of certo", nossa.descadastro_precisao_certo, 0.95, True),
            ("others paused", nossa.pausados, 0.04, False),
        ]
    else:
        print("no development set: name one with RESPOSTAS=file.jsonl")
    alvos += [("size in MB", tamanho, 2.0, False), ("ms a message", tempo, 1.0, False)]
    for nome, valor, meta, ao_menos in alvos:
        certo = valor >= meta if ao_menos else valor <= meta
        sinal = ">=" if ao_menos else "<="
        print(f"{nome}: {valor:.3f} ({sinal} {meta:g}) {'met' if certo else 'short'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
