"""What else was tried, on the same grouped folds: ``python -m benchmarks.respostas.alternativas``.

Macro-F1 of intent and tone, average precision of opt-out. BRIGHTER (SemEval-2025 task 11, pt-BR
train file, CC BY 4.0) is tried where its CSV is named on the command line.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
from scipy.sparse import csr_matrix, vstack
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, f1_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from benchmarks.respostas.dados import Dobra, dobrar, ler, sem_repetidos
from benchmarks.respostas.treino import CUSTO, ler_leituras, matriz
from nigredo_sentimento.analise import Leitura, observar
from nigredo_sentimento.tracos import Tracos

Fabrica = Callable[[], Any]
_PESO_BRIGHTER = 0.3


def svm(custo: float = CUSTO, peso: str | None = "balanced") -> Fabrica:
    """A linear support vector machine per class."""
    return lambda: LinearSVC(C=custo, class_weight=peso, random_state=0)


def logistica() -> Any:
    """Logistic regression per class."""
    return OneVsRestClassifier(
        LogisticRegression(C=4, solver="liblinear", class_weight="balanced", random_state=0)
    )


def arvores() -> Any:
    """Small boosted trees on 80 dimensions of the same traces."""
    return make_pipeline(
        TruncatedSVD(80, random_state=0),
        HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, random_state=0),
    )


def so(leituras: Sequence[Leitura], *blocos: str) -> list[Leitura]:
    """The same readings with some blocks of traces only."""
    vazios = {nome: () for nome in Tracos.__dataclass_fields__ if nome not in blocos}
    return [replace(item, tracos=replace(item.tracos, **vazios)) for item in leituras]


def prever(x: csr_matrix, alvo: numpy.ndarray, dobras: Sequence[Dobra], fabrica: Fabrica) -> Any:
    """The class of every example by a model that did not see its fold."""
    lidos = numpy.empty(len(alvo), dtype=alvo.dtype)
    for dobra in dobras:
        treino, teste = list(dobra.treino), list(dobra.teste)
        lidos[teste] = fabrica().fit(x[treino], alvo[treino]).predict(x[teste])
    return lidos


def pontuar(x: csr_matrix, alvo: numpy.ndarray, dobras: Sequence[Dobra], fabrica: Fabrica) -> Any:
    """The score of the positive class for every example, likewise."""
    pontos = numpy.zeros(len(alvo))
    for dobra in dobras:
        treino, teste = list(dobra.treino), list(dobra.teste)
        pronto = fabrica().fit(x[treino], alvo[treino])
        if hasattr(pronto, "decision_function"):
            pontos[teste] = pronto.decision_function(x[teste])
        else:
            pontos[teste] = pronto.predict_proba(x[teste])[:, 1]
    return pontos


def brighter(arquivo: Path) -> tuple[csr_matrix, numpy.ndarray]:
    """BRIGHTER's texts with a tone each, where their emotions name one."""
    leituras, tons = [], []
    for linha in csv.DictReader(arquivo.open(encoding="utf-8")):
        forca = {nome: int(linha[nome]) for nome in ("anger", "disgust", "joy", "sadness", "fear")}
        if forca["anger"] >= 2:
            tom = "irritado"
        elif forca["joy"] >= 2:
            tom = "positivo"
        elif max(forca["disgust"], forca["sadness"]) >= 2:
            tom = "negativo"
        elif not any(forca.values()):
            tom = "neutro"
        else:
            continue
        leituras.append(observar(linha["text"]))
        tons.append(tom)
    return matriz(leituras), numpy.array(tons)


def com_brighter(x: csr_matrix, alvo: numpy.ndarray, dobras: Sequence[Dobra], arquivo: Path) -> Any:
    """Tone with BRIGHTER's texts beside each fold's own, at a third of the weight."""
    fora, tons = brighter(arquivo)
    lidos = numpy.empty(len(alvo), dtype=alvo.dtype)
    for dobra in dobras:
        treino, teste = list(dobra.treino), list(dobra.teste)
        pesos = numpy.r_[numpy.ones(len(treino)), numpy.full(len(tons), _PESO_BRIGHTER)]
        junto = vstack([x[treino], fora]).tocsr()
        reta = svm()().fit(junto, numpy.r_[alvo[treino], tons], sample_weight=pesos)
        lidos[teste] = reta.predict(x[teste])
    return lidos


def main(argumentos: Sequence[str]) -> int:
    """Print a line per alternative."""
    exemplos = sem_repetidos(ler())
    leituras, dobras = ler_leituras(exemplos), list(dobrar(exemplos))
    intencoes = numpy.array([item.intent for item in exemplos])
    tons = numpy.array([item.sentimento for item in exemplos])
    pedidos = numpy.array([item.descadastro for item in exemplos])
    tudo = matriz(leituras)
    textos = ("palavras", "caracteres", "classes", "contexto")
    casos: list[tuple[str, csr_matrix, Fabrica]] = [
        ("all blocks, linear SVM (shipped)", tudo, svm()),
        ("all blocks, SVM, C 0.1", tudo, svm(0.1)),
        ("all blocks, SVM, C 1", tudo, svm(1.0)),
        ("all blocks, SVM, plain weights", tudo, svm(CUSTO, None)),
        ("all blocks, logistic regression", tudo, logistica),
        ("words 1-2 only", matriz(so(leituras, "palavras")), svm()),
        ("characters 3-5 only (sub-words)", matriz(so(leituras, "caracteres")), svm()),
        ("senses only", matriz(so(leituras, "classes")), svm()),
        ("words and characters", matriz(so(leituras, "palavras", "caracteres")), svm()),
        ("no findings of the rules", matriz(so(leituras, *textos)), svm()),
        ("no senses", matriz(so(leituras, "palavras", "caracteres", "contexto", "regras")), svm()),
        ("no context", matriz(so(leituras, *textos[:3], "regras")), svm()),
        ("boosted trees on 80 dimensions", tudo, arvores),
    ]
    print(f"{'':36}{'intent':>8}{'tone':>8}{'opt-out':>9}{'CPU s':>8}")
    for nome, x, fabrica in casos:
        inicio = time.process_time()
        lidas = prever(x, intencoes, dobras, fabrica)
        tom = prever(x, tons, dobras, fabrica)
        pontos = pontuar(x, pedidos, dobras, fabrica)
        print(
            f"{nome:36}{f1_score(intencoes, lidas, average='macro'):>8.3f}"
            f"{f1_score(tons, tom, average='macro'):>8.3f}"
            f"{average_precision_score(pedidos, pontos):>9.3f}{time.process_time() - inicio:>8.0f}",
            flush=True,
        )
    for nome in argumentos:
        tom = com_brighter(tudo, tons, dobras, Path(nome))
        print(f"{'shipped, tone with BRIGHTER':44}{f1_score(tons, tom, average='macro'):.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
