"""The shipped model: its file, its bytes, and that scoring equals how it was trained."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nigredo_sentimento.analise import observar
from nigredo_sentimento.modelo import (
    ARQUIVO,
    CABECAS,
    MODELO_SHA256,
    blocos,
    escrever_modelo,
    ler_modelo,
    modelo,
)

AMOSTRA = Path(__file__).with_name("amostra.json")


def test_the_file_is_the_one_that_the_version_names() -> None:
    conteudo = (files("nigredo_sentimento") / ARQUIVO).read_bytes()
    assert hashlib.sha256(conteudo).hexdigest() == MODELO_SHA256
    assert len(conteudo) <= 2_000_000


def test_scores_are_those_of_the_library_that_trained_it() -> None:
    amostra = json.loads(AMOSTRA.read_text(encoding="utf-8"))
    assert amostra["modelo"] == MODELO_SHA256
    for caso in amostra["casos"]:
        pontos = modelo().pontuar(observar(caso["text"], caso["anterior"]).tracos)
        for cabeca in CABECAS:
            assert pontos[cabeca] == pytest.approx(caso["pontos"][cabeca], abs=1e-6), caso["text"]


def test_writing_what_was_read_gives_the_same_bytes() -> None:
    conteudo = (files("nigredo_sentimento") / ARQUIVO).read_bytes()
    assert escrever_modelo(ler_modelo(conteudo)) == conteudo


def test_a_model_of_another_shape_is_refused() -> None:
    conteudo = (files("nigredo_sentimento") / ARQUIVO).read_bytes()
    with pytest.raises(ValueError, match="another shape"):
        ler_modelo(conteudo[:-1])


@given(st.text(max_size=200))
def test_a_row_stands_in_a_block_once(texto: str) -> None:
    for linhas, fator in blocos(observar(texto).tracos):
        assert len(set(linhas)) == len(linhas)
        assert 0 < fator <= 1
