"""Train the embedded model: ``make modelo``. The same data gives the same bytes.

Each head is a linear model over the traces of ``nigredo_sentimento.tracos``; weights become whole
bytes. Seeded copies with typing errors and with other words of the same sense are trained on beside
the replies, at less weight. The limits of the opt-out are chosen on the folds of ``dados.dobrar``,
never on a set that the bench measures.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy
import sklearn
from scipy.sparse import csr_matrix, diags, vstack
from sklearn.linear_model import Ridge
from sklearn.svm import LinearSVC

from benchmarks.respostas.dados import PASTA, Exemplo, dobrar, ler, sem_repetidos
from benchmarks.respostas.limites import escolher
from benchmarks.respostas.variacoes import com_erros, com_outras_palavras
from nigredo_sentimento import modelo as formato
from nigredo_sentimento.analise import Leitura, observar
from nigredo_sentimento.modelo import (
    ARQUIVO,
    CABECAS,
    INTENCOES,
    SENTIMENTOS,
    ZERO,
    Limites,
    Modelo,
    blocos,
    escrever_modelo,
)
from nigredo_sentimento.tracos import LINHAS

AMOSTRA = PASTA.parent / "tests" / "nigredo_sentimento_tests" / "amostra.json"
CUSTO = 0.3
PESO_DOS_ERROS = 0.5
PESO_DAS_OUTRAS_PALAVRAS = 0.3
_CRISTA = 1.0
_MAIOR = 127
SEM_LIMITES = Limites({}, {})


@dataclass(frozen=True, slots=True)
class Amostras:
    """The replies as the scorer weighs them, a row each, and the copies trained on beside them."""

    x: csr_matrix
    copias: tuple[tuple[csr_matrix, float], ...] = ()

    def de(self, quais: Sequence[int]) -> Amostras:
        """Those of some replies only, copies included."""
        linhas = list(quais)
        return Amostras(self.x[linhas], tuple((x[linhas], peso) for x, peso in self.copias))

    def juntas(self) -> csr_matrix:
        """Replies, then each sort of copies, in one matrix."""
        return vstack([self.x, *(x for x, _ in self.copias)]).tocsr()

    def pesos(self) -> numpy.ndarray:
        """What each row of :meth:`juntas` counts."""
        pesos = (1.0, *(peso for _, peso in self.copias))
        return numpy.repeat(numpy.array(pesos), self.x.shape[0])


def ler_leituras(exemplos: Sequence[Exemplo]) -> list[Leitura]:
    """What the rules see of every example."""
    return [observar(exemplo.text, exemplo.anterior) for exemplo in exemplos]


def matriz(leituras: Sequence[Leitura]) -> csr_matrix:
    """The traces as the scorer weighs them, one row a message."""
    inicios, colunas, valores = [0], [], []
    for leitura in leituras:
        for linhas, fator in blocos(leitura.tracos):
            colunas += linhas
            valores += [fator] * len(linhas)
        inicios.append(len(colunas))
    pronta = csr_matrix((valores, colunas, inicios), shape=(len(leituras), LINHAS))
    pronta.sum_duplicates()
    return pronta


def amostrar(
    leituras: Sequence[Leitura],
    exemplos: Sequence[Exemplo],
    mudar: Callable[[list[Leitura]], list[Leitura]] = list,
) -> Amostras:
    """The matrix of the readings and those of the copies; ``mudar`` is done to the copies' too."""
    erros = mudar(ler_leituras(com_erros(exemplos)))
    outras = mudar(ler_leituras(com_outras_palavras(exemplos)))
    return Amostras(
        matriz(leituras),
        ((matriz(erros), PESO_DOS_ERROS), (matriz(outras), PESO_DAS_OUTRAS_PALAVRAS)),
    )


def treinar(
    amostras: Amostras, exemplos: Sequence[Exemplo], limites: Limites = SEM_LIMITES
) -> Modelo:
    """Fit every head and round its weights."""
    pesos = numpy.zeros((len(CABECAS), LINHAS))
    vieses = numpy.zeros(len(CABECAS))
    x, contam = amostras.juntas(), amostras.pesos()
    vezes = 1 + len(amostras.copias)
    raros = raridade(x)
    pesado = x @ diags(raros)
    for numero, cabeca in enumerate(CABECAS):
        if cabeca == "intensidade":
            # Copied: scikit-learn centres the target in place.
            alvo = numpy.tile([float(item.intensidade) for item in exemplos], vezes)
            reta = Ridge(alpha=_CRISTA, solver="sparse_cg", tol=1e-6).fit(x, alvo, contam)
        else:
            alvo = numpy.tile([_belongs(item, cabeca) for item in exemplos], vezes)
            reta = _separator().fit(x if cabeca in SENTIMENTOS else pesado, alvo, contam)
        pesos[numero] = numpy.ravel(reta.coef_)
        if cabeca in INTENCOES or cabeca == "pedido":
            pesos[numero] *= raros
        vieses[numero] = float(numpy.ravel(reta.intercept_)[0])
    return _rounded(pesos, vieses, limites, len(exemplos))


def raridade(x: csr_matrix) -> numpy.ndarray:
    """What each trace counts in training by how few messages have it (the usual log), mean 1.

    Intent and opt-out gain by it on the folds, tone does not. Multiplied into the weights, it costs
    the scorer nothing.
    """
    vezes = numpy.ravel((x > 0).sum(axis=0))
    pesos = numpy.log((x.shape[0] + 1) / (vezes + 1)) + 1
    return pesos * (vezes.sum() / (pesos @ vezes))


def _separator() -> LinearSVC:
    return LinearSVC(C=CUSTO, class_weight="balanced", random_state=0)


def _belongs(exemplo: Exemplo, cabeca: str) -> bool:
    if cabeca == "pedido":
        return exemplo.descadastro
    return cabeca == (exemplo.intent if cabeca in INTENCOES else exemplo.sentimento)


def _rounded(
    pesos: numpy.ndarray, vieses: numpy.ndarray, limites: Limites, exemplos: int
) -> Modelo:
    escalas = numpy.abs(pesos).max(axis=1) / _MAIOR
    inteiros = numpy.rint(pesos / escalas[:, None]).astype(int) + ZERO
    return Modelo(
        tabela=inteiros.T.astype(numpy.uint8).tobytes(),
        escalas=tuple(float(f"{item:.9g}") for item in escalas),
        vieses=tuple(float(f"{item:.9g}") for item in vieses),
        limites=limites,
        origem={"exemplos": exemplos, "scikit-learn": sklearn.__version__},
    )


def dobras(
    amostras: Amostras, leituras: Sequence[Leitura], exemplos: Sequence[Exemplo]
) -> list[dict[str, float]]:
    """The scores of every example by a model that saw neither its voice nor its template."""
    pontos: list[dict[str, float]] = [{} for _ in exemplos]
    for dobra in dobrar(exemplos):
        parcial = treinar(amostras.de(dobra.treino), [exemplos[i] for i in dobra.treino])
        for i in dobra.teste:
            pontos[i] = parcial.pontuar(leituras[i].tracos)
    return pontos


def pontos_do_pedido(amostras: Amostras, exemplos: Sequence[Exemplo]) -> list[float]:
    """How much each example asks us to stop, by a head that saw neither its voice nor its template.

    Unrounded: the limits have two decimals, the rounding of the weights moves a score by less.
    """
    pontos = numpy.zeros(len(exemplos))
    alvo = numpy.array([item.descadastro for item in exemplos])
    for dobra in dobrar(exemplos):
        treino, teste = amostras.de(dobra.treino), list(dobra.teste)
        x = treino.juntas()
        pesos = diags(raridade(x))
        alvos = numpy.tile(alvo[list(dobra.treino)], 1 + len(treino.copias))
        reta = _separator().fit(x @ pesos, alvos, treino.pesos())
        pontos[teste] = reta.decision_function(amostras.x[teste] @ pesos)
    return [float(ponto) for ponto in pontos]


def amostra(pronto: Modelo, soma: str, exemplos: Sequence[Exemplo], x: csr_matrix) -> str:
    """Scores of some examples by matrix product, for the test of the scorer without numpy."""
    pesos = numpy.frombuffer(pronto.tabela, dtype=numpy.uint8).reshape(LINHAS, -1).astype(float)
    escalas, vieses = numpy.array(pronto.escalas), numpy.array(pronto.vieses)
    escolhidos = range(0, len(exemplos), len(exemplos) // 40)
    pontos = x[list(escolhidos)] @ ((pesos - ZERO) * escalas) + vieses
    casos = [
        {
            "text": exemplos[i].text,
            "anterior": exemplos[i].anterior,
            "pontos": {nome: round(float(p), 9) for nome, p in zip(CABECAS, linha, strict=True)},
        }
        for i, linha in zip(escolhidos, pontos, strict=True)
    ]
    return json.dumps({"modelo": soma, "casos": casos}, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Train, choose the limits on the folds, write the file and name its hash."""
    exemplos = sem_repetidos(ler())
    leituras = ler_leituras(exemplos)
    amostras = amostrar(leituras, exemplos)
    limites = escolher(exemplos, leituras, pontos_do_pedido(amostras, exemplos))
    pronto = treinar(amostras, exemplos, limites)
    conteudo = escrever_modelo(pronto)
    Path(str(files("nigredo_sentimento") / ARQUIVO)).write_bytes(conteudo)
    soma = hashlib.sha256(conteudo).hexdigest()
    fonte = Path(formato.__file__)
    texto = re.sub(
        r"^MODELO_SHA256 = .*$", f'MODELO_SHA256 = "{soma}"', fonte.read_text(), flags=re.M
    )
    fonte.write_text(texto)
    AMOSTRA.write_text(amostra(pronto, soma, exemplos, amostras.x), encoding="utf-8")
    sys.stdout.write(f"{len(exemplos)} examples, {len(conteudo)} bytes, sha256 {soma}\n{limites}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
