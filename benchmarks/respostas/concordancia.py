"""How far two readings of the same replies agree: ``python -m benchmarks.respostas.concordancia``.

A seeded tenth of each group of writers was labelled a second time from text and context alone,
without sight of a label: that of the first writers by the third, that of the third by the fourth,
that of the fourth by the fourth again, after other work, and by the fifth. ``sortear GROUP`` prints
a group's tenth without its labels; without an argument, the agreement of ``dados/releitura/`` with
the first labels is printed: Cohen's kappa and who said what (rows: first reading).
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.respostas.dados import PASTA, Exemplo, ler, sem_repetidos
from nigredo_sentimento.modelo import INTENCOES, SENTIMENTOS

RELEITURA = PASTA / "releitura"
ESCRITORES = {
    "primeiros_escritores": ("respostas_a", "respostas_b", "respostas_c"),
    "terceiro_escritor": ("respostas_d",),
    "quarto_escritor": ("respostas_e",),
    "quarto_escritor_pelo_quinto": ("respostas_e",),
}
"""Each file of second readings and whose replies it reads."""

SEMENTE = 5
_PARTE = 10
_COLUNA = 13
_SAIDAS = ("sim", "nao")


@dataclass(frozen=True, slots=True)
class Segunda:
    """A second reading; the text and our message before it say of what."""

    text: str
    anterior: str
    intent: str
    sentimento: str


def sortear(exemplos: Sequence[Exemplo], grupo: str, semente: int = SEMENTE) -> list[Exemplo]:
    """The seeded tenth of what a group of writers wrote. Raises ``KeyError`` for no group."""
    deles = [item for item in exemplos if item.escritor in ESCRITORES[grupo]]
    return random.Random(semente).sample(deles, len(deles) // _PARTE)


def kappa(pares: Sequence[tuple[str, str]]) -> float:
    """Cohen's kappa: agreement beyond chance, 1 when all agree, 0 at chance.

    Raises:
        ValueError: there is nothing to compare.
    """
    if not pares:
        raise ValueError("no pair of readings")
    total = len(pares)
    visto = sum(um == outro for um, outro in pares) / total
    primeiros, segundos = Counter(um for um, _ in pares), Counter(outro for _, outro in pares)
    acaso = sum(primeiros[nome] * segundos[nome] for nome in primeiros) / total**2
    return 1.0 if acaso == 1 else (visto - acaso) / (1 - acaso)


def ler_segundas(grupo: str) -> list[Segunda]:
    """The committed second readings of a group. Raises ``KeyError`` where a line lacks a field."""
    texto = (RELEITURA / f"{grupo}.jsonl").read_text(encoding="utf-8")
    dados = [json.loads(linha) for linha in texto.splitlines()]
    return [
        Segunda(dado["text"], dado["anterior"] or "", dado["intent"], dado["sentimento"])
        for dado in dados
    ]


def emparelhar(
    exemplos: Sequence[Exemplo], segundas: Sequence[Segunda]
) -> list[tuple[Exemplo, Segunda]]:
    """Each second reading with its example. Raises ``KeyError`` for one of no example."""
    primeiras = {(item.text, item.anterior): item for item in exemplos}
    return [(primeiras[(item.text, item.anterior)], item) for item in segundas]


def quadro(titulo: str, classes: Sequence[str], pares: Sequence[tuple[str, str]]) -> str:
    """Kappa, plain agreement, and the table of both readings."""
    iguais = sum(um == outro for um, outro in pares) / len(pares)
    contagem = Counter(pares)
    linhas = [
        f"{titulo}: kappa {kappa(pares):.3f}, equal {iguais:.3f}",
        " " * _COLUNA + "".join(f"{nome:>{_COLUNA}}" for nome in classes),
    ]
    linhas += [
        f"{um:{_COLUNA}}" + "".join(f"{contagem[(um, outro)]:>{_COLUNA}}" for outro in classes)
        for um in classes
    ]
    return "\n".join(linhas)


def relatorio(grupo: str, pares: Sequence[tuple[Exemplo, Segunda]]) -> str:
    """The agreement of the three heads in a group."""
    intencoes = [(um.intent, outro.intent) for um, outro in pares]
    tons = [(um.sentimento, outro.sentimento) for um, outro in pares]
    saidas = [
        (_SAIDAS[not um.descadastro], _SAIDAS[outro.intent != "descadastro"]) for um, outro in pares
    ]
    return "\n\n".join(
        (
            f"{grupo}: {len(pares)} replies read twice",
            quadro("intent", INTENCOES, intencoes),
            quadro("tone", SENTIMENTOS, tons),
            quadro("opt-out", _SAIDAS, saidas),
        )
    )


def main(argumentos: Sequence[str]) -> int:
    """Print a group's tenth without labels (``sortear GROUP``), or the agreement."""
    exemplos = sem_repetidos(ler())
    if argumentos:
        for item in sortear(exemplos, argumentos[1]):
            cego = {"text": item.text, "anterior": item.anterior or None}
            sys.stdout.write(json.dumps(cego, ensure_ascii=False) + "\n")
        return 0
    for grupo in ESCRITORES:
        pares = emparelhar(exemplos, ler_segundas(grupo))
        sys.stdout.write(relatorio(grupo, pares) + "\n\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
