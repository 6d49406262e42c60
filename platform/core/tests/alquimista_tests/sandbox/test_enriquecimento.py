"""Made-up facts that are always the same and never look real."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.sandbox.enriquecimento import look_up
from alquimista.tools.contracts import CONTRACTS


def facts(empresa: str, **more: Any) -> dict[str, Any]:
    """The twin's answer."""
    return look_up({"empresa": empresa, **more})


@given(st.text(min_size=1, max_size=60), st.one_of(st.none(), st.text(max_size=20)))
def test_every_answer_keeps_the_contract_and_is_marked(empresa: str, cnpj: str | None) -> None:
    found = facts(empresa, cnpj=cnpj, email=None, uf=None)
    assert CONTRACTS["enrichment.company"].output.is_valid(found)
    assert found["sandbox"] is True
    assert found == facts(empresa, cnpj=cnpj)


def test_about_fifteen_in_a_hundred_are_not_found() -> None:
    answers = [facts(f"Empresa {i}") for i in range(2000)]
    missing = [answer for answer in answers if not answer["encontrado"]]
    assert 0.12 < len(missing) / len(answers) < 0.18
    assert all(answer["campos"] == {} for answer in missing)


def test_the_cnpj_decides_and_not_how_the_name_is_written() -> None:
    first = facts("Metalúrgica Aurora Ltda", cnpj="19.131.243/0001-97")
    assert first == facts("METALURGICA  AURORA LTDA.", cnpj="19131243000197")


@pytest.mark.parametrize(
    ("empresa", "setor"),
    [("Padaria São João", "Alimentação"), ("Transportes Rápido", "Logística")],
)
def test_a_name_that_tells_the_sector_keeps_it(empresa: str, setor: str) -> None:
    found = [facts(f"{empresa} {i}") for i in range(20)]
    assert {f["campos"]["setor"] for f in found if f["encontrado"]} == {setor}


def test_a_known_state_is_kept_and_the_city_lies_in_it() -> None:
    found = [facts(f"Empresa {i}", uf="mg")["campos"] for i in range(40)]
    known = [campos for campos in found if campos]
    assert {campos["uf"] for campos in known} == {"MG"}
    assert {campos["cidade"] for campos in known} <= {"Belo Horizonte", "Uberlândia", "Contagem"}


def test_demais_leaves_the_size_empty() -> None:
    found = [facts(f"Empresa {i}")["campos"] for i in range(200)]
    big = [campos for campos in found if campos.get("porte_receita") == "DEMAIS"]
    assert big
    assert all("porte" not in campos for campos in big)
