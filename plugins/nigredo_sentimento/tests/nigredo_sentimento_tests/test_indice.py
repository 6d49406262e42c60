"""The index may leave out only patterns that cannot match."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from nigredo_sentimento.indice import Indice, comecos
from nigredo_sentimento.padroes import compilar, ler_tabela

PADROES = [
    compilar(linha[coluna])
    for nome, colunas, coluna in (
        ("descadastro.tsv", 4, 2),
        ("intencao.tsv", 3, 2),
        ("sentimento.tsv", 2, 1),
        ("raiva.tsv", 2, 1),
    )
    for linha in ler_tabela(nome, colunas)
]
INDICE = Indice(PADROES)
PALAVRAS = (
    *("nao", "me", "mande", "mandem", "mais", "nada", "voces", "oi", ",", "quero", "sair", "da"),
    *("lista", "parar", "de", "receber", "mensagem", "caro", "obrigado", "por favor", "tira"),
    *("meu numero", "agora", "reuniao", "quinta", "pode ser", "gostei", "muito", "ruim", "saco"),
    *("que palhacada", "interesse", "proposta", "ja temos", "fornecedor", "mes que vem", "procon"),
    *("denunciar", "#", "link", "10"),
)


@given(st.lists(st.sampled_from(PALAVRAS), max_size=12))
def test_every_pattern_that_matches_is_a_candidate(palavras: list[str]) -> None:
    texto = " ".join(palavras)
    achados = {numero for numero, padrao in enumerate(PADROES) if padrao.search(texto)}
    assert achados <= set(INDICE.candidatos(texto))


def test_a_pattern_that_may_begin_with_anything_is_always_tried() -> None:
    assert comecos(re.compile(r"\w+ nao")) is None
    assert Indice([re.compile(r"\w+ nao")]).candidatos("oi") == [0]
    assert comecos(re.compile("(?:ab|cd)?e")) == {"abe", "cde", "e"}
    assert comecos(re.compile(r"ab\w+ c|(?:oi )*ola")) == {"ab", "oi ", "ola"}
