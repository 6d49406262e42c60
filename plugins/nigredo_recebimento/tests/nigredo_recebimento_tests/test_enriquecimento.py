"""What a source may add."""

from __future__ import annotations

from typing import Any

import pytest

from nigredo_recebimento.enriquecimento import (
    NAO_ENCONTRADO,
    abertura_de,
    completo,
    falta_algo,
    ler_resposta,
    mudancas,
    pergunta,
)
from nigredo_recebimento_tests.exemplos import lead

CHEIO: dict[str, Any] = {
    "setor": "Indústria",
    "porte": "ME",
    "porte_receita": "MICRO EMPRESA",
    "atividade_principal": "Usinagem",
    "cidade": "Campinas",
    "uf": "SP",
}


def resposta(*, sandbox: bool = False, **campos: Any) -> dict[str, Any]:
    return {"encontrado": True, "fonte": "receita", "sandbox": sandbox, "campos": campos}


def test_empty_fields_are_filled_and_given_ones_stay() -> None:
    quem = lead(1, setor="Moda")
    achado = ler_resposta(quem, resposta(**CHEIO, abertura="2015-03-01", socios=["Ana", 3, " "]))
    assert achado.resultado == "enriquecido"
    assert dict(achado.colunas) == {k: v for k, v in CHEIO.items() if k != "setor"}
    assert achado.fatos == {"abertura": "2015-03-01", "socios": ["Ana"]}
    novo = mudancas(quem, achado, 77)
    assert (novo.status, novo.setor, novo.porte, novo.prioridade) == ("enriquecido", None, "ME", 77)
    assert novo.metadata is not None
    assert novo.metadata["enriquecimento"]["fonte"] == "receita"
    assert novo.metadata["enriquecimento"]["sandbox"] is False
    assert completo(quem, achado).cidade == "Campinas"
    assert completo(quem, achado).setor == "Moda"
    assert abertura_de(quem, achado) == "2015-03-01"


def test_what_the_sandbox_makes_up_is_marked() -> None:
    achado = ler_resposta(lead(1), resposta(sandbox=True, setor="Indústria"))
    novo = mudancas(lead(1), achado, 50)
    assert (novo.enriquecimento, novo.status) == ("sandbox", "enriquecido")
    assert novo.metadata is not None
    assert novo.metadata["enriquecimento"]["sandbox"] is True


@pytest.mark.parametrize(
    "dada",
    [
        {"encontrado": False, "fonte": "receita", "sandbox": False, "campos": {"setor": "X"}},
        {"encontrado": True, "fonte": "receita", "sandbox": False, "campos": {}},
        {"encontrado": True, "fonte": "receita", "sandbox": False},
        {"encontrado": True, "campos": {"porte": "DEMAIS", "uf": "XX", "setor": 7, "socios": "A"}},
        {"encontrado": True, "campos": {"setor": "Outro"}},
    ],
)
def test_a_source_that_fills_nothing_enriches_nothing(dada: dict[str, Any]) -> None:
    quem = lead(1, setor="Moda")
    assert ler_resposta(quem, dada) == NAO_ENCONTRADO
    novo = mudancas(quem, NAO_ENCONTRADO, 10)
    assert (novo.status, novo.enriquecimento, novo.metadata) == (None, "nao_encontrado", None)


def test_demais_is_kept_raw_and_is_no_porte() -> None:
    achado = ler_resposta(lead(1), resposta(porte="DEMAIS", porte_receita="DEMAIS"))
    assert dict(achado.colunas) == {"porte_receita": "DEMAIS"}


def test_long_answers_are_cut_to_their_columns() -> None:
    achado = ler_resposta(lead(1), resposta(setor="x" * 300, porte_receita="y" * 300))
    assert {nome: len(valor) for nome, valor in achado.colunas.items()} == {
        "setor": 100,
        "porte_receita": 50,
    }


def test_a_whole_lead_is_not_asked_about_nor_one_that_is_out() -> None:
    inteiro = lead(1, **CHEIO, metadata={"enriquecimento": {"abertura": "2015-03-01"}})
    assert not falta_algo(inteiro)
    assert falta_algo(lead(1))
    assert not falta_algo(lead(1, status="descadastrado"))
    assert abertura_de(inteiro, NAO_ENCONTRADO) == "2015-03-01"


def test_the_question_carries_what_the_tool_needs() -> None:
    asked = lead(1, cnpj="16727230000197", uf="SP")
    assert pergunta(asked) == {
        "lead_id": str(asked.id),
        "cnpj": "16727230000197",
        "empresa": "Empresa 1",
        "email": "ana@empresa1.com.br",
        "uf": "SP",
    }
