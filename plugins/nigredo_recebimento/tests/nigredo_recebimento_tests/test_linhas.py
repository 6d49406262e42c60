"""Rows become leads or rejects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk.models import REJEITO_CLASSES, LeadHigienizado, LinhaBruta, Rejeito
from nigredo_recebimento.linhas import LIMITES, Higienizador
from nigredo_recebimento_tests.exemplos import COLUNAS, linha


def aceito(bruta: LinhaBruta, **opcoes: str) -> LeadHigienizado:
    item = Higienizador("11", **opcoes).linha(bruta)
    assert isinstance(item, LeadHigienizado), item
    return item


def rejeito(bruta: LinhaBruta, **opcoes: str) -> Rejeito:
    item = Higienizador("11", **opcoes).linha(bruta)
    assert isinstance(item, Rejeito), item
    return item


def test_a_good_row_is_cleaned() -> None:
    assert aceito(
        linha(
            7,
            empresa="  Foz   Metais\tLtda ",
            cnpj="16.727.230/0001-97",
            email="Ana@FozMetais.com.br",
            setor=" Indústria ",
            porte="microempresa",
            atividade_principal="Usinagem",
            cidade="Campinas - SP",
            extras={"Origem": "feira", "Vazio": "-"},
        )
    ) == LeadHigienizado(
        empresa="Foz Metais Ltda",
        planilha="Leads",
        linha=7,
        cnpj="16727230000197",
        contato="Ana Lima",
        telefone="+5511987654321",
        telefone_norm="+551187654321",
        email="ana@fozmetais.com.br",
        email_norm="ana@fozmetais.com.br",
        setor="Indústria",
        porte="ME",
        atividade_principal="Usinagem",
        cidade="Campinas",
        uf="SP",
        avisos=(),
        metadata={"extras": {"Origem": "feira"}},
    )


def test_the_designs_three_leads_without_duplicates_are_two() -> None:
    linhas = [
        linha(2, email="test@example.com", telefone="+5511987654321"),
        linha(3, email="test@example.com", telefone="+5511987654321"),
        linha(4, email="other@example.com", telefone="+5511987654321"),
    ]
    itens = list(Higienizador().linhas(linhas))
    assert [type(item).__name__ for item in itens] == [
        "LeadHigienizado",
        "Rejeito",
        "LeadHigienizado",
    ]


def test_a_duplicate_names_the_first_row_and_its_sheet() -> None:
    higienizador = Higienizador("11")
    higienizador.linha(linha(2))
    repetida = higienizador.linha(linha(9, telefone="11 8765-4321", email="ANA@fozmetais.com.br"))
    assert repetida == Rejeito(
        "Leads", 9, "E", "duplicate", "Repete o e-mail e o telefone da linha 2 (coluna E)."
    )
    outra = higienizador.linha(linha(3, planilha="Outros"))
    assert isinstance(outra, Rejeito)
    assert "da linha 2 da planilha “Leads”" in outra.mensagem


def test_a_rejected_row_does_not_make_a_later_good_one_a_duplicate() -> None:
    higienizador = Higienizador("11")
    assert isinstance(higienizador.linha(linha(2, cnpj="11")), Rejeito)
    assert isinstance(higienizador.linha(linha(3)), LeadHigienizado)


def test_a_row_without_a_company_is_invalid_data() -> None:
    assert rejeito(linha(5, empresa=" - ")) == Rejeito(
        "Leads", 5, "A", "invalid_data", "Falta o nome da empresa (coluna A)."
    )


def test_a_wrong_cnpj_rejects_the_row_and_cites_the_cell() -> None:
    assert rejeito(linha(5, cnpj="12ABC34501DE45")) == Rejeito(
        "Leads", 5, "B", "invalid_data", "CNPJ inválido: “12ABC34501DE45” (coluna B)."
    )


def test_a_tenant_may_take_the_lead_without_its_wrong_cnpj() -> None:
    tomado = aceito(linha(cnpj="12ABC34501DE45"), cnpj_invalido="avisar")
    assert tomado.cnpj is None
    assert tomado.avisos == ("invalid_cnpj",)


@pytest.mark.parametrize(
    "valores",
    [
        {"cnpj": "529.982.247-25"},
        {"cnpj": "52998224725", "empresa": "Silva Comércio Ltda"},
        {"empresa": "JOSE DA SILVA 529.982.247-25"},
        {"empresa": "Maria Aparecida de Souza", "email": "maria@gmail.com"},
        {"empresa": "João Pereira", "email": ""},
    ],
)
def test_a_private_person_is_not_taken(valores: dict[str, Any]) -> None:
    assert rejeito(linha(**valores)).classe == "blocked_pf"


@pytest.mark.parametrize(
    "valores",
    [
        {"empresa": "Maria Aparecida de Souza", "email": "maria@souzadoces.com.br"},
        {
            "empresa": "Maria Rita de Souza",
            "cnpj": "16.727.230/0001-97",
            "email": "m@gmail.com",
        },
        {"empresa": "Maria Souza", "email": "m@gmail.com", "setor": "Comércio"},
        {"empresa": "Maria Souza Confecções", "email": "m@gmail.com"},
        {"empresa": "Maria de", "email": "m@gmail.com"},
        {"empresa": "Maria & Filhas", "email": "m@gmail.com"},
        {"empresa": "Padaria Sol Nascente", "email": "padariasol@gmail.com"},
        {"empresa": "Carlos", "email": "c@gmail.com"},
    ],
)
def test_a_company_with_a_persons_name_is_taken(valores: dict[str, Any]) -> None:
    assert aceito(linha(**valores)).empresa == valores["empresa"]


def test_a_row_without_any_channel_is_no_channel() -> None:
    assert rejeito(linha(8, email="", telefone="n/a")) == Rejeito(
        "Leads", 8, None, "no_channel", "Não há e-mail nem telefone."
    )


def test_a_row_whose_channels_are_all_wrong_says_what_is_wrong_in_each_cell() -> None:
    assert rejeito(linha(8, email="ana@", telefone="123")) == Rejeito(
        "Leads",
        8,
        "E",
        "no_channel",
        "Nenhum canal válido — e-mail inválido: “ana@” (coluna E); "
        "telefone inválido: “123” (coluna D).",
    )


def test_one_valid_channel_is_enough_and_the_other_is_a_warning() -> None:
    assert aceito(linha(email="ana@")).avisos == ("invalid_email",)
    tomado = aceito(linha(telefone="123"))
    assert (tomado.telefone, tomado.avisos) == (None, ("invalid_phone",))


def test_a_missing_contact_is_a_warning() -> None:
    tomado = aceito(linha(contato=""))
    assert (tomado.contato, tomado.avisos) == (None, ("incomplete_contact",))


def test_what_is_too_long_is_cut_with_a_warning() -> None:
    tomado = aceito(linha(empresa="x" * 300, setor="y" * 101))
    assert (len(tomado.empresa), len(tomado.setor or "")) == (255, 100)
    assert set(tomado.avisos) == {"truncated_empresa", "truncated_setor"}


def test_porte_and_uf_are_taken_only_where_they_are_known() -> None:
    tomado = aceito(linha(porte="DEMAIS", uf="XX"))
    assert (tomado.porte, tomado.uf) == (None, None)
    assert tomado.metadata == {"porte_informado": "DEMAIS"}
    assert tomado.avisos == ("invalid_uf",)
    assert aceito(linha(uf="São Paulo", cidade="Campinas/RJ")).uf == "SP"


def test_control_characters_and_null_bytes_never_pass() -> None:
    assert aceito(linha(empresa="Foz\x00 Me\u200btais", contato="\x07Ana")).empresa == "Foz Me tais"


def test_a_row_without_values_is_passed_over() -> None:
    vazia = LinhaBruta("Leads", 2, {"empresa": " ", "email": "-"}, COLUNAS)
    assert list(Higienizador().linhas([vazia])) == []


def test_a_long_value_is_shortened_in_the_message() -> None:
    assert "…" in rejeito(linha(cnpj="9" * 200)).mensagem


CELULA = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["Foz Ltda", "(11) 98765-4321", "ana@foz.com.br", "16.727.230/0001-97", "-"]),
)


@given(st.lists(st.dictionaries(st.sampled_from(sorted(COLUNAS)), CELULA), max_size=8))
def test_any_rows_become_leads_that_fit_the_table_or_rejects_that_say_why(
    linhas: list[dict[str, str]],
) -> None:
    brutas = [LinhaBruta("P", n, valores, COLUNAS) for n, valores in enumerate(linhas)]
    vistos = set()
    for item in Higienizador("11").linhas(brutas):
        if isinstance(item, Rejeito):
            assert item.classe in REJEITO_CLASSES
            assert item.mensagem.endswith(".")
            continue
        assert item.empresa
        assert item.email or item.telefone
        for campo, limite in LIMITES.items():
            valor = getattr(item, campo)
            assert valor is None or (valor.isprintable() and len(valor) <= limite)
        chave = (item.email_norm, item.telefone_norm)
        assert chave not in vistos
        vistos.add(chave)
