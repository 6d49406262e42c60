"""Measure the reading on labelled replies, beside the design's keyword list.

``python -m nigredo_sentimento.avaliacao FILE`` reads JSON lines with ``text``, ``intent``,
``sentiment`` and ``opt_out`` and prints both, side by side.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nigredo_sentimento.analise import Analise, analisar
from nigredo_sentimento.descadastro import CERTO, INCERTO, PALAVRAS_DO_DESENHO

Leitor = Callable[[str], Analise]


@dataclass(frozen=True, slots=True)
class Exemplo:
    """A reply with its labels."""

    text: str
    intent: str
    sentimento: str
    descadastro: bool


@dataclass(frozen=True, slots=True)
class Medidas:
    """Fractions 0 to 1. An opt-out counts as recalled when it is certain or uncertain.

    ``pausados`` is the share of the other replies that were taken for one, surely or not.
    """

    intent_macro_f1: float
    sentimento_macro_f1: float
    descadastro_recall: float
    descadastro_recall_certo: float
    descadastro_precisao_certo: float
    alarmes_falsos: int
    pausados: float


def ler_exemplos(caminho: Path) -> tuple[Exemplo, ...]:
    """Read a JSON lines file. Raises ``KeyError`` or ``ValueError`` where a line is not one."""
    exemplos = []
    for linha in caminho.read_text(encoding="utf-8").splitlines():
        if linha.strip():
            dado = json.loads(linha)
            exemplos.append(
                Exemplo(dado["text"], dado["intent"], dado["sentiment"], bool(dado["opt_out"]))
            )
    return tuple(exemplos)


def palavras_chave(texto: str) -> Analise:
    """The design's baseline: its keyword list as substrings, everything else neutral."""
    minusculas = texto.lower()
    achada = next((item for item in PALAVRAS_DO_DESENHO if item in minusculas), None)
    pergunta = "question" if "?" in texto else "interest"
    return Analise(
        text=texto,
        intent="descadastro" if achada else pergunta,
        sentimento="neutro",
        intensidade=0,
        descadastro=CERTO if achada else "nao",
        motivos=(f"contém “{achada}”",) if achada else (),
    )


def macro_f1(esperados: Sequence[str], lidos: Sequence[str]) -> float:
    """The mean over the expected classes of each one's F1."""
    classes = sorted(set(esperados))
    if not classes:
        return 0.0
    total = 0.0
    for classe in classes:
        certos = sum(e == classe == lido for e, lido in zip(esperados, lidos, strict=True))
        total += 2 * certos / (esperados.count(classe) + lidos.count(classe))
    return total / len(classes)


def avaliar(exemplos: Sequence[Exemplo], leitor: Leitor = analisar) -> Medidas:
    """Read every example and compare."""
    return comparar(exemplos, [leitor(exemplo.text) for exemplo in exemplos])


def comparar(exemplos: Sequence[Exemplo], lidas: Sequence[Analise]) -> Medidas:
    """Compare readings with labels."""
    pares = list(zip(exemplos, lidas, strict=True))
    pedidos = sum(exemplo.descadastro for exemplo in exemplos)
    certos = [exemplo.descadastro for exemplo, lida in pares if lida.descadastro == CERTO]
    vistos = [
        exemplo.descadastro for exemplo, lida in pares if lida.descadastro in (CERTO, INCERTO)
    ]
    alarmes = len(vistos) - sum(vistos)
    return Medidas(
        intent_macro_f1=macro_f1([e.intent for e in exemplos], [a.intent for a in lidas]),
        sentimento_macro_f1=macro_f1(
            [e.sentimento for e in exemplos], [a.sentimento for a in lidas]
        ),
        descadastro_recall=_ratio(sum(vistos), pedidos),
        descadastro_recall_certo=_ratio(sum(certos), pedidos),
        descadastro_precisao_certo=_ratio(sum(certos), len(certos)),
        alarmes_falsos=alarmes,
        pausados=_ratio(alarmes, len(exemplos) - pedidos),
    )


def relatorio(exemplos: Sequence[Exemplo]) -> str:
    """Both readers, side by side (pt-BR)."""
    nossa, desenho = avaliar(exemplos), avaliar(exemplos, palavras_chave)
    linhas = [f"{len(exemplos)} respostas rotuladas", f"{'':42}{'contexto':>10}{'palavras':>10}"]
    for titulo, campo in (
        ("intenção, macro-F1", "intent_macro_f1"),
        ("sentimento, macro-F1", "sentimento_macro_f1"),
        ("descadastro, recall (certo ou incerto)", "descadastro_recall"),
        ("descadastro, recall (certo)", "descadastro_recall_certo"),
        ("descadastro, precisão (certo)", "descadastro_precisao_certo"),
    ):
        linhas.append(f"{titulo:42}{getattr(nossa, campo):>10.3f}{getattr(desenho, campo):>10.3f}")
    linhas.append(
        f"{'descadastro, alarmes falsos':42}{nossa.alarmes_falsos:>10}{desenho.alarmes_falsos:>10}"
    )
    return "\n".join(linhas)


def main(argumentos: Sequence[str]) -> int:
    """Print the report of the file named on the command line."""
    if len(argumentos) != 1:
        sys.stderr.write("uso: python -m nigredo_sentimento.avaliacao ARQUIVO.jsonl\n")
        return 2
    sys.stdout.write(relatorio(ler_exemplos(Path(argumentos[0]))) + "\n")
    return 0


def _ratio(parte: int, todo: int) -> float:
    return parte / todo if todo else 0.0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
