"""Rendering of message templates."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.mensagens import (
    FATOS,
    conferir,
    fatos_do_lead,
    nome_de_empresa,
    nome_de_pessoa,
    primeiro_nome,
    render,
)
from alquimista_sdk.models import Lead, TenantFacts

TENANT = TenantFacts(UUID(int=1), "Aurora Sistemas")


def test_facts_fill_their_braces() -> None:
    assert (
        render(
            "Olá, {contato_primeiro_nome} da {empresa}!",
            {"contato_primeiro_nome": "Ana", "empresa": "Foz"},
        )
        == "Olá, Ana da Foz!"
    )


def test_a_block_without_its_fact_drops_out_and_leaves_no_hole() -> None:
    modelo = "Olá[[, {contato_primeiro_nome}]]! Vi a {empresa}[[ em {cidade}]] . Tudo bem?"
    assert render(modelo, {"empresa": "Foz"}) == "Olá! Vi a Foz. Tudo bem?"
    assert (
        render(modelo, {"empresa": "Foz", "contato_primeiro_nome": "Ana", "cidade": "Itu"})
        == "Olá, Ana! Vi a Foz em Itu. Tudo bem?"
    )


def test_a_sentence_outside_a_block_drops_out_whole() -> None:
    modelo = "Bom dia.\nAtendemos o setor de {setor_minusculo}. Podemos conversar?\n\nAbraço"
    assert render(modelo, {"setor_minusculo": "  "}) == "Bom dia.\nPodemos conversar?\n\nAbraço"


def test_an_unknown_placeholder_is_permanent_even_inside_a_dropped_block() -> None:
    with pytest.raises(PermanentError) as caught:
        render("Oi[[ {cidade} {preco}]]", {})
    assert caught.value.code == "lacuna_desconhecida"


@pytest.mark.parametrize(
    "modelo", ["Oi {empresa", "Oi }", "Oi [[ {cidade}", "Oi ]] x [[", "a [[ b [[ c ]] ]]", "{{x}}"]
)
def test_a_malformed_template_is_refused(modelo: str) -> None:
    with pytest.raises(PermanentError):
        conferir(modelo)


def test_a_message_of_which_nothing_is_left_is_refused() -> None:
    with pytest.raises(PermanentError) as caught:
        render("Oi {cidade}", {})
    assert caught.value.code == "mensagem_vazia"
    assert render("", {}) == ""


def test_a_value_is_never_read_as_a_template_nor_breaks_a_line() -> None:
    assert render("A {empresa}.", {"empresa": "X {setor} [[y]]\r\nBcc: z"}) == (
        "A X {setor} [[y]] Bcc: z."
    )


@given(
    st.lists(
        st.one_of(
            st.sampled_from([f"{{{nome}}}" for nome in FATOS]),
            st.sampled_from([f"[[ com {{{nome}}}]]" for nome in FATOS]),
            st.sampled_from(["Olá", ". ", "! ", "\n", ", ", " tudo bem? ", "conversa"]),
        ),
        max_size=12,
    ),
    st.dictionaries(st.sampled_from(FATOS), st.one_of(st.none(), st.just("Valor"), st.just(" "))),
)
def test_nothing_rendered_ever_shows_a_brace_or_a_bracket(
    pecas: list[str], fatos: dict[str, str | None]
) -> None:
    modelo = "Início. " + "".join(pecas)
    texto = render(modelo, fatos)
    assert not set("{}[]") & set(texto)
    assert "  " not in texto
    assert texto.startswith("Início.")
    assert "None" not in texto


@pytest.mark.parametrize(
    ("contato", "nome"),
    [
        ("DR. JOÃO DA SILVA", "João"),
        ("sra maria das dores", "Maria"),
        ("Ana Lima", "Ana"),
        ("ANA-CLARA SOUZA", "Ana-Clara"),
        ("Comercial", None),
        ("Depto. Compras", None),
        ("ana@foz.com.br", None),
        ("J.", None),
        ("", None),
        (None, None),
        ("Contato 2", None),
    ],
)
def test_only_a_person_is_greeted_by_name(contato: str | None, nome: str | None) -> None:
    assert primeiro_nome(contato) == nome


@pytest.mark.parametrize(
    ("bruto", "dito"),
    [
        ("METALURGICA SAO JOSE LTDA", "Metalurgica Sao Jose"),
        ("WEG S.A.", "WEG"),
        ("Foz Indústria e Comércio Ltda - ME", "Foz Indústria e Comércio"),
        ("MRV ENGENHARIA E PARTICIPACOES S/A", "MRV Engenharia e Participacoes"),
        ("padaria do zé", "Padaria do Zé"),
        ("Me", "Me"),
    ],
)
def test_a_company_is_named_as_people_say_it(bruto: str, dito: str) -> None:
    assert nome_de_empresa(bruto) == dito


def test_the_facts_of_a_lead_have_exactly_the_known_names() -> None:
    lead = Lead(
        UUID(int=2),
        "FOZ LTDA",
        "novo",
        contato="Eng. Rui Paz",
        setor="Indústria",
        atividade_principal="Serviços de TI",
        cidade="SÃO PAULO",
        uf="SP",
        porte="ME",
    )
    fatos = fatos_do_lead(lead, TENANT)
    assert tuple(fatos) == FATOS
    assert fatos == {
        "contato": "Rui Paz",
        "contato_primeiro_nome": "Rui",
        "empresa": "FOZ",
        "setor": "Indústria",
        "setor_minusculo": "indústria",
        "porte": "ME",
        "atividade_principal": "serviços de TI",
        "cidade": "São Paulo",
        "uf": "SP",
        "empresa_cliente": "Aurora Sistemas",
    }
    assert fatos_do_lead(Lead(UUID(int=2), "Foz", "novo"), TENANT)["setor_minusculo"] is None


def test_a_persons_full_name_keeps_its_own_spelling() -> None:
    assert nome_de_pessoa("Sr. Ricardo McDonald") == "Ricardo McDonald"
