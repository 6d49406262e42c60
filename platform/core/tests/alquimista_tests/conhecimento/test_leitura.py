"""Entries of the knowledge base out of files as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.conhecimento.leitura import (
    BYTES_MAXIMO,
    ENTRADAS_POR_ARQUIVO,
    Entrada,
    Lida,
    conferir,
    ler,
)
from alquimista.prospeccao.importacoes.limites import ArquivoInvalido


def taken(lidas: list[Lida]) -> list[tuple[int, str, str]]:
    """Line, title and text of what can be kept."""
    return [
        (lida.linha, lida.entrada.titulo, lida.entrada.texto)
        for lida in lidas
        if lida.motivo is None
    ]


def refused(lidas: list[Lida]) -> list[tuple[int, str]]:
    """Line and reason of what cannot."""
    return [(lida.linha, lida.motivo) for lida in lidas if lida.motivo is not None]


def test_each_heading_of_a_markdown_file_is_an_entry() -> None:
    text = """Olá
# Preços

R$ 490 por mês.

## Prazo ##
15 dias úteis.
```
# isto é código
```
# Vazio
"""
    lidas = ler("Base.MD", text.encode())
    assert taken(lidas) == [
        (2, "Preços", "R$ 490 por mês."),
        (6, "Prazo", "15 dias úteis.\n```\n# isto é código\n```"),
    ]
    assert refused(lidas) == [(1, "falta o título"), (11, "falta o conteúdo")]


def test_each_block_of_a_text_file_is_an_entry_in_any_encoding() -> None:
    text = "Preços\r\n======\r\nR$ 490.\r\nPor mês.\r\n\r\n\r\nSó título\r\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        lidas = ler("base.txt", text.encode(encoding))
        assert taken(lidas) == [(1, "Preços", "R$ 490.\nPor mês.")], encoding
        assert refused(lidas) == [(7, "falta o conteúdo")], encoding


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_csv_names_its_columns_and_rejects_name_their_line(delimiter: str) -> None:
    rows = [
        ["Conteúdo", "TÍTULO", "Tags", "outra"],
        ['"R$ 490,\npor mês"', "Preços", "Vendas | planos|vendas", "x"],
        ["", "Prazo", "", ""],
        ["", "", "", ""],
        ["15 dias", "Prazo", "", ""],
    ]
    lidas = ler("base.csv", "\n".join(delimiter.join(row) for row in rows).encode())
    assert taken(lidas) == [(2, "Preços", "R$ 490,\npor mês"), (6, "Prazo", "15 dias")]
    assert lidas[0].entrada.etiquetas == ("vendas", "planos")
    assert refused(lidas) == [(4, "falta o conteúdo")]


@pytest.mark.parametrize(
    ("nome", "conteudo", "code"),
    [
        ("base.pdf", b"%PDF", "tipo_invalido"),
        ("base", b"a", "tipo_invalido"),
        ("base.txt", b"  \n ", "arquivo_vazio"),
        ("base.txt", b"a\nb\n\n" * (BYTES_MAXIMO // 5 + 1), "arquivo_grande"),
        ("base.txt", b"a\nb\n\n" * (ENTRADAS_POR_ARQUIVO + 1), "entradas_demais"),
        ("base.csv", b"nome;valor\na;b\n", "cabecalho_invalido"),
        ("base.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" * 9, "tipo_invalido"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(nome: str, conteudo: bytes, code: str) -> None:
    with pytest.raises(ArquivoInvalido) as raised:
        ler(nome, conteudo)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("entrada", "reason"),
    [
        (Entrada("a" * 256, "b"), "o título passa de 255"),
        (Entrada("a", "b" * 5_001), "o conteúdo passa de 5000"),
        (Entrada("a", "b", "c" * 1_001), "palavras passa de 1000"),
        (Entrada("a", "b", "", ("e",) * 21), "mais de 20 etiquetas"),
        (Entrada("a", "b", "", ("e" * 41,)), "uma etiqueta passa de 40"),
        (Entrada("a", "b\x00"), "não pode ser guardado"),
    ],
)
def test_an_entry_that_is_too_long_says_what(entrada: Entrada, reason: str) -> None:
    assert reason in str(conferir(entrada))


@given(st.sampled_from(["a.md", "a.txt", "a.csv"]), st.binary(min_size=1, max_size=300))
def test_no_file_whatever_breaks_the_reader_and_lines_go_forward(nome: str, raw: bytes) -> None:
    try:
        lidas = ler(nome, raw)
    except ArquivoInvalido:
        return
    lines = [lida.linha for lida in lidas]
    assert lines == sorted(set(lines))
    assert all(lida.motivo == conferir(lida.entrada) for lida in lidas)
