"""Reading entries of the knowledge base out of a file: plain text, Markdown or CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from alquimista.prospeccao.folding import folded
from alquimista.prospeccao.importacoes.codificacao import reconhecer
from alquimista.prospeccao.importacoes.limites import ArquivoInvalido

TITULO_MAXIMO, TEXTO_MAXIMO, PALAVRAS_MAXIMO = 255, 5_000, 1_000
"""Characters."""
ETIQUETAS_MAXIMO, ETIQUETA_MAXIMO = 20, 40
BYTES_MAXIMO = 1_000_000
ENTRADAS_POR_ARQUIVO = 500
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(?P<titulo>.*?)[ \t]*#*[ \t]*$")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_RULE = re.compile(r"^ {0,3}(?:={3,}|-{3,})[ \t]*$")
_COLUNAS: Mapping[str, str] = {
    "titulo": "titulo",
    "pergunta": "titulo",
    "assunto": "titulo",
    "texto": "texto",
    "conteudo": "texto",
    "resposta": "texto",
    "palavras": "palavras",
    "palavras-chave": "palavras",
    "sinonimos": "palavras",
    "etiquetas": "etiquetas",
    "tags": "etiquetas",
}
"""Header of a CSV, without accents and case → field."""


@dataclass(frozen=True, slots=True)
class Entrada:
    """An entry as a person or a file gives it."""

    titulo: str
    texto: str
    palavras: str = ""
    etiquetas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lida:
    """An entry of a file and the line that it starts at; ``motivo`` says why it is refused."""

    linha: int
    entrada: Entrada
    motivo: str | None = None


def ler(nome: str, conteudo: bytes) -> list[Lida]:
    """Every entry of a file, whole or refused, in its order.

    Raises:
        ArquivoInvalido: of another kind, too large, empty, or not text.
    """
    if len(conteudo) > BYTES_MAXIMO:
        raise ArquivoInvalido(
            "arquivo_grande", f"O arquivo passa de {BYTES_MAXIMO // 1_000_000} MB."
        )
    reader = _LEITORES.get(PurePosixPath(nome.lower()).suffix)
    if reader is None:
        raise ArquivoInvalido(
            "tipo_invalido", "Tipo de arquivo não aceito. Envie um .txt, .md ou .csv."
        )
    found = reconhecer(conteudo)
    text = conteudo.decode(found.codificacao).removeprefix("\ufeff").replace("\r\n", "\n")
    if not text.strip():
        raise ArquivoInvalido("arquivo_vazio", "O arquivo está vazio.")
    lidas = [
        Lida(linha, entrada, conferir(entrada))
        for linha, entrada in reader(text.replace("\r", "\n"), found.delimitador)
    ]
    if len(lidas) > ENTRADAS_POR_ARQUIVO:
        raise ArquivoInvalido(
            "entradas_demais",
            f"O arquivo tem {len(lidas)} entradas; o máximo é {ENTRADAS_POR_ARQUIVO}.",
        )
    return lidas


def conferir(entrada: Entrada) -> str | None:
    """Why an entry cannot be kept, in words for a person; None where it can."""
    if not entrada.titulo.strip():
        return "falta o título"
    if not entrada.texto.strip():
        return "falta o conteúdo"
    for nome, valor, longest in (
        ("o título", entrada.titulo, TITULO_MAXIMO),
        ("o conteúdo", entrada.texto, TEXTO_MAXIMO),
        ("a lista de palavras", entrada.palavras, PALAVRAS_MAXIMO),
    ):
        if len(valor) > longest:
            return f"{nome} passa de {longest} caracteres"
        if "\x00" in valor:
            return f"{nome} tem um caractere que não pode ser guardado"
    if len(entrada.etiquetas) > ETIQUETAS_MAXIMO:
        return f"há mais de {ETIQUETAS_MAXIMO} etiquetas"
    if any(len(etiqueta) > ETIQUETA_MAXIMO for etiqueta in entrada.etiquetas):
        return f"uma etiqueta passa de {ETIQUETA_MAXIMO} caracteres"
    return None


def entrada_de(valores: Mapping[str, Any]) -> Entrada:
    """An entry from its four fields by name, its tags in their one spelling and each once."""
    tags = dict.fromkeys(found for raw in valores["etiquetas"] if (found := tag_of(str(raw))))
    return Entrada(valores["titulo"], valores["texto"], valores["palavras"], tuple(tags))


def etiquetas_de(texto: str) -> tuple[str, ...]:
    """Tags that are separated by commas, semicolons or bars, each once, in lower case."""
    return tuple(dict.fromkeys(part for raw in re.split(r"[,;|]", texto) if (part := tag_of(raw))))


def tag_of(texto: str) -> str:
    """A tag in its one spelling: lower case, single spaces."""
    return " ".join(texto.lower().split())


def plain(texto: str) -> str:
    """A title or header as it is compared: no accents, no case, single spaces."""
    return " ".join(folded(texto).split())


def _markdown(text: str, _: str) -> Iterator[tuple[int, Entrada]]:
    """A heading begins an entry; a heading inside of fenced code is code (CommonMark 4.5)."""
    titulo, start, body, fence = "", 1, list[str](), ""
    for number, line in enumerate(text.split("\n"), start=1):
        marker = _FENCE.match(line)
        if marker is not None and not fence:
            fence = marker[1]
        elif marker is not None and marker[1].startswith(fence):
            fence = ""
        heading = _HEADING.match(line) if not fence else None
        if heading is None:
            body.append(line)
            continue
        if titulo or "".join(body).strip():
            yield start, _entry(titulo, body)
        titulo, start, body = heading["titulo"], number, []
    yield start, _entry(titulo, body)


def _paragraphs(text: str, _: str) -> Iterator[tuple[int, Entrada]]:
    """Blocks between blank lines: the first line is the title, the others the text."""
    start, block = 1, list[str]()
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            if not block:
                start = number
            block.append(line)
        elif block:
            rest = [found for found in block[1:] if not _RULE.match(found)]
            yield start, _entry(block[0], rest)
            block = []


def _table(text: str, delimiter: str) -> Iterator[tuple[int, Entrada]]:
    lines = io.StringIO(text, newline="")
    told = text.lower().startswith("sep=")
    if told:
        next(lines)
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        columns = [_COLUNAS.get(plain(cell)) for cell in next(reader, [])]
        if not {"titulo", "texto"} <= set(columns):
            raise ArquivoInvalido(
                "cabecalho_invalido",
                "A primeira linha do CSV precisa ter as colunas titulo e texto "
                "(e, se quiser, palavras e etiquetas).",
            )
        start = reader.line_num + 1
        for row in reader:
            if any(cell.strip() for cell in row):
                yield start + told, _row(columns, row)
            start = reader.line_num + 1
    except csv.Error as error:
        raise ArquivoInvalido(
            "csv_invalido", f"O CSV não pôde ser lido perto da linha {reader.line_num}."
        ) from error


def _row(columns: list[str | None], row: list[str]) -> Entrada:
    cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False) if name}
    return Entrada(
        cells.get("titulo", ""),
        cells.get("texto", ""),
        cells.get("palavras", ""),
        etiquetas_de(cells.get("etiquetas", "")),
    )


def _entry(titulo: str, body: list[str]) -> Entrada:
    return Entrada(titulo.strip(), "\n".join(body).strip())


_LEITORES = {".md": _markdown, ".markdown": _markdown, ".txt": _paragraphs, ".csv": _table}
