"""Company facts from a server that answers as BrasilAPI does."""

from __future__ import annotations

from typing import Any

import pytest

from alquimista_integrations.enrichment.brasilapi import ReceitaFederal
from alquimista_integrations.enrichment.cnae import setor_of
from alquimista_integrations_tests.servers import http_service
from alquimista_sdk.errors import PermanentError, TransientError

COMPANY: dict[str, Any] = {
    "cnpj": "19131243000197",
    "razao_social": "AURORA METALURGICA LTDA",
    "porte": "EMPRESA DE PEQUENO PORTE",
    "codigo_porte": 3,
    "opcao_pelo_mei": False,
    "cnae_fiscal": 2511000,
    "cnae_fiscal_descricao": "Fabricação de estruturas metálicas",
    "municipio": "SAO JOSE DOS CAMPOS",
    "uf": "SP",
    "data_inicio_atividade": "2013-10-03",
    "qsa": [{"nome_socio": "ANA LIMA", "qualificacao_socio": "Sócio"}, {"nome_socio": ""}],
}


def look_up(changes: dict[str, Any]) -> dict[str, Any]:
    """The facts of the company with some fields changed."""
    with http_service(lambda _: (200, {**COMPANY, **changes})) as service:
        found = ReceitaFederal(service.url).company("19.131.243/0001-97")
    assert service.received[0].path == "/api/cnpj/v1/19131243000197"
    return found


def test_a_company_becomes_the_facts_that_we_keep() -> None:
    assert look_up({}) == {
        "encontrado": True,
        "fonte": "receita_federal",
        "sandbox": False,
        "campos": {
            "setor": "Indústria",
            "porte": "EPP",
            "porte_receita": "EMPRESA DE PEQUENO PORTE",
            "atividade_principal": "Fabricação de estruturas metálicas",
            "cidade": "Sao Jose dos Campos",
            "uf": "SP",
            "abertura": "2013-10-03",
            "socios": ["ANA LIMA"],
        },
    }


@pytest.mark.parametrize(
    ("changes", "porte", "receita"),
    [
        ({"codigo_porte": 1, "porte": "MICRO EMPRESA"}, "ME", "MICRO EMPRESA"),
        ({"codigo_porte": "1", "opcao_pelo_mei": True}, "MEI", "EMPRESA DE PEQUENO PORTE"),
        ({"codigo_porte": 5, "porte": "DEMAIS"}, None, "DEMAIS"),
        ({"codigo_porte": None, "porte": ""}, None, None),
    ],
)
def test_demais_says_nothing_of_the_size(
    changes: dict[str, Any], porte: str | None, receita: str | None
) -> None:
    campos = look_up(changes)["campos"]
    assert (campos.get("porte"), campos.get("porte_receita")) == (porte, receita)


def test_fields_of_a_wrong_kind_are_left_out() -> None:
    campos = look_up({"municipio": 7, "data_inicio_atividade": "ontem", "qsa": None})["campos"]
    assert not {"cidade", "abertura", "socios"} & set(campos)


@pytest.mark.parametrize("status", [400, 404])
def test_an_unknown_company_is_not_found(status: int) -> None:
    with http_service(lambda _: (status, {"message": "CNPJ não encontrado"})) as service:
        found = ReceitaFederal(service.url).company("12ABC34501DE35")
    assert (found["encontrado"], found["campos"]) == (False, {})
    assert service.received[0].path == "/api/cnpj/v1/12ABC34501DE35"


@pytest.mark.parametrize("cnpj", [None, "", "123"])
def test_without_a_whole_cnpj_nobody_is_asked(cnpj: str | None) -> None:
    with http_service(lambda _: (200, COMPANY)) as service:
        assert ReceitaFederal(service.url).company(cnpj)["encontrado"] is False
    assert service.received == []


def test_a_limit_is_transient_and_a_ban_is_final() -> None:
    with http_service(lambda _: (429, {})) as service, pytest.raises(TransientError):
        ReceitaFederal(service.url).company("19131243000197")
    with http_service(lambda _: (403, {})) as service, pytest.raises(PermanentError):
        ReceitaFederal(service.url).company("19131243000197")


@pytest.mark.parametrize(
    ("cnae", "setor"),
    [
        ("2511000", "Indústria"),
        ("111301", "Agronegócio"),
        ("6201-5/01", "Tecnologia"),
        ("4930202", "Logística"),
        ("4711302", "Comércio"),
        ("0000000", None),
        ("9900800", None),
    ],
)
def test_a_cnae_division_names_the_sector(cnae: str, setor: str | None) -> None:
    assert setor_of(cnae) == setor
