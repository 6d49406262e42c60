from __future__ import annotations

import pytest

from alquimista.prospeccao.importacoes.mapeamento import adivinhar, corrigir, faltantes
from alquimista.prospeccao.importacoes.nomes import campo_do_nome, normalizar


@pytest.mark.parametrize(
    ("nome", "campo"),
    [
        ("Razão Social", "empresa"),
        ("RAZAO  SOCIAL ", "empresa"),
        ("Razao Socal", "empresa"),
        ("Nome Fantasia", "empresa"),
        ("Empresa (nome)", "empresa"),
        ("Fone/WhatsApp", "telefone"),
        ("Tel.", "telefone"),
        ("Telefone da empresa", "telefone"),
        ("Telefone do contato", "telefone"),
        ("Telefne", "telefone"),
        ("Celular 2", "telefone"),
        ("E-mail corporativo", "email"),
        ("E-mail do contato", "email"),
        ("E - mail", "email"),
        ("Nome do contato", "contato"),
        ("Responsável", "contato"),
        ("CNPJ/CPF", "cnpj"),
        ("C.N.P.J.", None),
        ("Porte da empresa", "porte"),
        ("Ramo de atividade", "setor"),
        ("Segmento", "setor"),
        ("CNAE principal", "atividade_principal"),
        ("Município", "cidade"),
        ("Cidade / UF", "cidade"),
        ("Estado", "uf"),
        ("UF", "uf"),
        ("DDD", "ddd"),
        ("Data do último contato", None),
        ("E-mail enviado?", None),
        ("Status", None),
        ("Endereço da empresa", None),
        ("Inscrição estadual", None),
        ("Cargo do contato", None),
        ("Site", None),
        ("", None),
        ("Preencha aqui o nome da empresa como está no contrato social do cliente", None),
    ],
)
def test_names_of_columns_mean_fields(nome: str, campo: str | None) -> None:
    found = campo_do_nome(nome)
    assert (found[0] if found else None) == campo


def test_names_are_compared_without_accents_case_and_signs() -> None:
    assert normalizar(" E-mail (Corp.)\n") == "email corp"


def test_content_decides_where_names_say_nothing() -> None:
    header = ["Campo 1", "Campo 2", "Campo 3", "Campo 4", "Campo 5"]
    rows = [
        ["Acme Ltda", "11.222.333/0001-81", "(11) 98765-4321", "ana@acme.com.br", "SP"],
        ["Beta S.A.", "12ABC34501DE35", "+55 21 3333-4444", "bia@beta.com.br", "RJ"],
    ]
    assert adivinhar(header, rows) == {
        "empresa": ("A",),
        "cnpj": ("B",),
        "telefone": ("C",),
        "email": ("D",),
        "uf": ("E",),
    }


def test_a_column_named_contact_that_holds_telephones_is_a_telephone() -> None:
    rows = [["Acme", "(11) 98765-4321"], ["Beta", "21 3333-4444"]]
    assert adivinhar(["Empresa", "Contato"], rows) == {"empresa": ("A",), "telefone": ("B",)}


def test_a_name_is_the_company_where_nothing_else_is() -> None:
    assert adivinhar(["Nome", "E-mail"], []) == {"empresa": ("A",), "email": ("B",)}
    assert adivinhar(["Empresa", "Nome"], []) == {"empresa": ("A",), "contato": ("B",)}
    assert adivinhar(["Nome", "Contato", "E-mail"], [])["empresa"] == ("A",)


def test_a_status_column_of_addresses_is_not_taken_by_its_content() -> None:
    rows = [["Acme", "a@a.com.br"], ["Beta", "b@b.com.br"]]
    assert "email" not in adivinhar(["Empresa", "Login"], rows)


def test_several_columns_of_a_field_are_ordered_by_preference() -> None:
    header = ["Fantasia", "Razão Social", "Telefone 2", "Telefone", "WhatsApp"]
    assert adivinhar(header, []) == {"empresa": ("B", "A"), "telefone": ("E", "D", "C")}


def test_the_caller_corrects_one_column_and_keeps_the_others() -> None:
    mapa = adivinhar(["Empresa", "Telefone", "E-mail"], [])
    assert corrigir(mapa, {"b": "contato"}) == {
        "empresa": ("A",),
        "contato": ("B",),
        "email": ("C",),
    }
    assert corrigir(mapa, {"B": None}) == {"empresa": ("A",), "email": ("C",)}
    assert corrigir(mapa, {"D": "telefone"})["telefone"] == ("D", "B")


def test_the_order_of_the_correction_is_the_order_of_preference() -> None:
    assert corrigir({}, {"C": "telefone", "A": "telefone"})["telefone"] == ("C", "A")


def test_what_every_lead_needs_is_named_when_no_column_has_it() -> None:
    assert faltantes({"empresa": ("A",), "email": ("B",)}) == ()
    assert faltantes({"contato": ("A",)}) == ("empresa", "telefone ou email")
