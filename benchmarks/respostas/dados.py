"""The project's labelled replies: reading, near-duplicates, folds, and a report of all that.

``python -m benchmarks.respostas.dados [OTHER.jsonl]`` prints the report; OTHER is a set that must
share nothing with ours.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nigredo_sentimento.texto import sem_acentos

PASTA = Path(__file__).parents[2] / "plugins" / "nigredo_sentimento" / "dados"
DOBRAS = 10
_CINCO = 5
_QUASE_IGUAL = 0.6
_IGUAL_A_OUTRO = 0.5


@dataclass(frozen=True, slots=True)
class Exemplo:
    """A labelled reply; docs/anotacao.md says what each label means. ``escritor`` is its file."""

    text: str
    intent: str
    sentimento: str
    intensidade: int
    descadastro: bool
    especial: str
    armadilha: str
    anterior: str
    voz: str
    molde: str
    escritor: str


@dataclass(frozen=True, slots=True)
class Dobra:
    """Numbers of examples to train on and to test on."""

    treino: tuple[int, ...]
    teste: tuple[int, ...]


def ler(pasta: Path = PASTA) -> tuple[Exemplo, ...]:
    """Every example of the folder. Raises ``KeyError`` where a line lacks a field."""
    return tuple(
        _example(json.loads(linha), arquivo.stem)
        for arquivo in sorted(pasta.glob("*.jsonl"))
        for linha in arquivo.read_text(encoding="utf-8").splitlines()
        if linha.strip()
    )


def sem_repetidos(exemplos: Sequence[Exemplo]) -> tuple[Exemplo, ...]:
    """Without near-duplicates: 0.6 of the five-character shingles shared, with the same labels.

    The same words with another label or after another message of ours are pairs that teach.
    """
    return tuple(
        exemplo
        for exemplo, repetido in zip(exemplos, _repeated(exemplos), strict=True)
        if not repetido
    )


def dobrar(exemplos: Sequence[Exemplo], dobras: int = DOBRAS) -> Iterator[Dobra]:
    """Folds by voice, whose training part has no voice and no template of the test part.

    Voices and templates joined would be one group of most examples, so the training part loses
    what shares a template with the test part instead.
    """
    tamanho = Counter(exemplo.voz for exemplo in exemplos)
    carga = [0] * dobras
    dona: dict[str, int] = {}
    for voz, quantos in sorted(tamanho.items(), key=lambda item: (-item[1], item[0])):
        dona[voz] = carga.index(min(carga))
        carga[dona[voz]] += quantos
    for numero in range(dobras):
        teste = tuple(i for i, item in enumerate(exemplos) if dona[item.voz] == numero)
        moldes = {exemplos[i].molde for i in teste}
        treino = tuple(
            i
            for i, item in enumerate(exemplos)
            if dona[item.voz] != numero and item.molde not in moldes
        )
        yield Dobra(treino, teste)


def por_escritor(exemplos: Sequence[Exemplo]) -> Iterator[Dobra]:
    """Train on one writer, test on the other: nearest to replies written by others."""
    escritores = sorted({item.escritor for item in exemplos})
    for escritor in escritores:
        yield Dobra(
            tuple(i for i, item in enumerate(exemplos) if item.escritor != escritor),
            tuple(i for i, item in enumerate(exemplos) if item.escritor == escritor),
        )


def pedacos(texto: str) -> frozenset[str]:
    """The five-character shingles of a text without accents, case and spacing."""
    tokens = re.findall(r"\w+|[^\w\s]", sem_acentos(texto))
    plano = f" {' '.join(tokens)} "
    return frozenset(plano[i : i + _CINCO] for i in range(max(1, len(plano) - _CINCO + 1)))


def semelhanca(um: frozenset[str], outro: frozenset[str]) -> float:
    """Jaccard, 0 to 1."""
    return len(um & outro) / len(um | outro)


def iguais_a(exemplos: Sequence[Exemplo], textos: Sequence[str]) -> list[str]:
    """Our texts that equal or nearly equal (0.5 of the shingles) one of ``textos``."""
    outros = [(_words(texto), pedacos(texto)) for texto in textos]
    achados = []
    for exemplo in exemplos:
        palavras, meus = _words(exemplo.text), pedacos(exemplo.text)
        if any(
            (palavras and palavras == alheias) or semelhanca(meus, seus) >= _IGUAL_A_OUTRO
            for alheias, seus in outros
        ):
            achados.append(exemplo.text)
    return achados


def relatorio(exemplos: Sequence[Exemplo], outros: Sequence[str]) -> str:
    """Counts, variety, near-duplicates and what is shared with another set."""
    unicos = sem_repetidos(exemplos)
    linhas = [
        f"examples: {len(exemplos)}",
        f"near-duplicates dropped: {len(exemplos) - len(unicos)}",
        f"kept: {len(unicos)}",
        f"voices: {len({item.voz for item in unicos})}",
        f"templates: {len({item.molde for item in unicos})}",
        f"with our previous message: {sum(bool(item.anterior) for item in unicos)}",
        f"traps: {sum(bool(item.armadilha) for item in unicos)}",
    ]
    for campo in ("escritor", "intent", "sentimento", "descadastro", "especial", "armadilha"):
        contagem = Counter(str(getattr(item, campo)) for item in unicos)
        partes = ", ".join(f"{nome or '-'} {quantos}" for nome, quantos in contagem.most_common())
        linhas.append(f"{campo}: {partes}")
    if outros:
        linhas.append(f"equal or nearly equal to the other set: {len(iguais_a(unicos, outros))}")
    return "\n".join(linhas)


def _example(dado: dict[str, object], escritor: str) -> Exemplo:
    return Exemplo(
        text=str(dado["text"]),
        intent=str(dado["intent"]),
        sentimento=str(dado["sentimento"]),
        intensidade=int(str(dado["intensidade"])),
        descadastro=dado["descadastro"] == "sim",
        especial=str(dado["especial"] or ""),
        armadilha=str(dado["armadilha"] or ""),
        anterior=str(dado["anterior"] or ""),
        voz=str(dado["voz"]),
        molde=str(dado["molde"]),
        escritor=escritor,
    )


def _repeated(exemplos: Sequence[Exemplo]) -> list[bool]:
    donos: dict[str, list[int]] = defaultdict(list)
    conjuntos: list[frozenset[str]] = []
    repetidos = []
    for numero, exemplo in enumerate(exemplos):
        meus = pedacos(exemplo.text)
        comuns = Counter(outro for pedaco in meus for outro in donos[pedaco])
        repetidos.append(
            any(
                quantos / (len(meus) + len(conjuntos[outro]) - quantos) >= _QUASE_IGUAL
                and _same_labels(exemplo, exemplos[outro])
                for outro, quantos in comuns.items()
            )
        )
        conjuntos.append(meus)
        for pedaco in meus:
            donos[pedaco].append(numero)
    return repetidos


def _same_labels(um: Exemplo, outro: Exemplo) -> bool:
    return (um.intent, um.sentimento, um.anterior) == (
        outro.intent,
        outro.sentimento,
        outro.anterior,
    )


def _words(texto: str) -> str:
    return " ".join(re.findall(r"\w+", sem_acentos(texto)))


def main(argumentos: Sequence[str]) -> int:
    """Print the report."""
    outros = [
        json.loads(linha)["text"]
        for nome in argumentos
        for linha in Path(nome).read_text(encoding="utf-8").splitlines()
        if linha.strip()
    ]
    sys.stdout.write(relatorio(ler(), outros) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
