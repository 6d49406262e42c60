"""Where an opt-out is certain, uncertain or none: limits chosen on the folds.

The rules' own outcome makes three strata, each with its limits. Innocent uses of opt-out words are
more than a quarter of our examples by design, far more than in traffic: they count a quarter for
how sure "certain" is, and how many others may be paused is counted on the everyday replies only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.respostas.dados import Exemplo
from nigredo_sentimento.analise import Leitura
from nigredo_sentimento.descadastro import CERTO, INCERTO, NAO
from nigredo_sentimento.modelo import Limites

PRECISAO = 0.95
"""Of what is certain, at least this much must be one, in each stratum."""

PAUSADOS = 0.04
"""Of the others in the everyday replies, at most this much may be taken for one: what is wanted in
traffic. A request missed breaks the law, a pause costs one look of a person: all of it is spent."""

_COTIDIANAS = ("respostas_c", "respostas_d", "respostas_e", "respostas_f")
"""The files whose replies, traps apart, come in something like their natural shares."""

_FOLGA = 0.1
_PESO_ARMADILHA = 0.25
_GRADE = tuple(round(-1.5 + 0.02 * passo, 2) for passo in range(176))


def escolher(
    exemplos: Sequence[Exemplo], leituras: Sequence[Leitura], pontos: Sequence[float]
) -> Limites:
    """The limits for the scores that the folds gave."""
    estratos: dict[str, list[tuple[float, bool, float]]] = {CERTO: [], INCERTO: [], NAO: []}
    comuns: dict[str, list[tuple[float, bool, float]]] = {CERTO: [], INCERTO: [], NAO: []}
    for exemplo, leitura, ponto in zip(exemplos, leituras, pontos, strict=True):
        if exemplo.escritor in _COTIDIANAS and not exemplo.armadilha:
            comuns[leitura.pedido.desfecho].append((ponto, exemplo.descadastro, 1.0))
        peso = _PESO_ARMADILHA if exemplo.armadilha == "palavra_inocente" else 1.0
        estratos[leitura.pedido.desfecho].append((ponto, exemplo.descadastro, peso))
    certo = {nome: _lowest_precise(linhas) for nome, linhas in estratos.items()}
    # Where a rule doubts, more is asked of what is certain than where no rule speaks.
    certo[INCERTO] = max(certo[INCERTO], certo[NAO] + _FOLGA)
    # Where a rule is sure, no request of the folds may be lost; elsewhere one in a hundred.
    incerto = {CERTO: _loses(estratos[CERTO], 0), INCERTO: _loses(estratos[INCERTO], 0.01)}
    outros = sum(not pedido for linhas in comuns.values() for _, pedido, _ in linhas)
    gastos = sum(_paused(comuns[nome], limite) for nome, limite in incerto.items())
    for limite in _GRADE:
        if gastos + _paused(comuns[NAO], limite) <= PAUSADOS * outros:
            incerto[NAO] = limite
            break
    else:
        incerto[NAO] = _GRADE[-1]
    return Limites(
        certo={nome: round(max(limite, incerto[nome]), 3) for nome, limite in certo.items()},
        incerto={nome: round(limite, 3) for nome, limite in incerto.items()},
    )


def _loses(linhas: Sequence[tuple[float, bool, float]], parte: float) -> float:
    """The limit that at most this part of the requests stays below, with some slack."""
    pontos = sorted(ponto for ponto, pedido, _ in linhas if pedido)
    return round(float(pontos[int(len(pontos) * parte)]) - _FOLGA, 3)


def _lowest_precise(linhas: Sequence[tuple[float, bool, float]]) -> float:
    """The lowest limit above which all that passes, taken together, is precise enough."""
    return min(
        (limite for limite, precisao in _precisions(linhas) if precisao >= PRECISAO),
        default=_GRADE[-1],
    )


def _precisions(linhas: Sequence[tuple[float, bool, float]]) -> Iterator[tuple[float, float]]:
    for limite in reversed(_GRADE):
        passam = [(pedido, peso) for ponto, pedido, peso in linhas if ponto >= limite]
        todo = sum(peso for _, peso in passam)
        if todo >= 1:
            yield limite, sum(peso for pedido, peso in passam if pedido) / todo


def _paused(linhas: Sequence[tuple[float, bool, float]], limite: float) -> float:
    return sum(peso for ponto, pedido, peso in linhas if not pedido and ponto >= limite)
