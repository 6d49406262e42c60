"""Messages of a campaign."""

from __future__ import annotations

import pytest

from alquimista_sdk.mensagens import conferir, fatos_do_lead, render
from alquimista_sdk.models import ETAPAS, Lead, Trecho
from nigredo_estrategia.mensagens import (
    ASSUNTO_PADRAO,
    apresentacao_de,
    com_saida,
    escolher,
    previas,
)
from nigredo_estrategia.modelos import biblioteca
from nigredo_estrategia_tests.exemplos import ESPACO, TENANT, TRECHO, lead, template

NU = Lead(ESPACO, "Nova Metais", "enriquecido", email="x@foz.com.br")


@pytest.mark.parametrize("apresentacao", [None, "Ajudamos indústrias a produzir melhor."])
@pytest.mark.parametrize("quem", [lead(1), NU])
def test_every_built_in_message_reads_whole_for_a_full_and_for_a_bare_lead(
    quem: Lead, apresentacao: str | None
) -> None:
    mensagens = escolher("email", (), apresentacao).mensagens
    for etapa in ETAPAS:
        variantes = mensagens.da_etapa(etapa)
        assert len(variantes) == 2
        assert variantes[0] != variantes[1]
        for mensagem in variantes:
            texto = render(mensagem.texto, fatos_do_lead(quem, TENANT))
            assunto = render(mensagem.assunto, fatos_do_lead(quem, TENANT))
            assert not set("{}[]%") & set(texto + assunto)
            assert "Aurora Sistemas" in texto
            assert "Nova Metais" in texto or etapa == "fundo"
            assert texto.endswith("Se preferir não receber mais, responda SAIR.")
            assert len(texto) < 900
            assert "\n\n\n" not in texto
            assert not assunto.endswith(",")


def test_the_built_in_file_has_two_variants_of_each_stage_and_keeps_its_own_syntax() -> None:
    for etapa in ETAPAS:
        modelos = biblioteca().da_etapa(etapa)
        assert [modelo.variante for modelo in modelos] == ["A", "B"]
        for modelo in modelos:
            conferir(modelo.mensagem.texto)
            conferir(modelo.mensagem.assunto)


def test_the_tenants_approved_templates_go_first_and_ours_fill_up_to_two() -> None:
    escolha = escolher("email", [template("topo", "A", "Bom dia, {empresa}. Responda SAIR.")], None)
    assert escolha.mensagens.topo[0].texto == "Bom dia, {empresa}. Responda SAIR."
    assert escolha.mensagens.topo[0].assunto == "Oi, {empresa}"
    assert escolha.mensagens.topo[1].assunto == biblioteca().da_etapa("topo")[1].mensagem.assunto
    assert len(escolha.mensagens.topo) == len(escolha.mensagens.meio) == 2


def test_a_template_that_is_not_approved_is_not_used() -> None:
    escolha = escolher("email", [template("topo", "A", "Oi", aprovado=False)], None)
    assert "Oi" not in {mensagem.texto for mensagem in escolha.mensagens.topo}
    assert escolha.recusados == ()


def test_a_template_with_an_unknown_fact_is_left_out_and_named() -> None:
    escolha = escolher("email", [template("meio", "B", "Custa {preco}", nome="Oferta")], None)
    assert escolha.recusados == ("Oferta",)
    assert len(escolha.mensagens.meio) == 2


def test_an_email_without_an_opt_out_line_gets_one_and_a_subject_too() -> None:
    escolha = escolher("email", [template("topo", "A", "Vamos sair na frente?", assunto="")], None)
    assert escolha.mensagens.topo[0].texto.endswith("responda SAIR.")
    assert escolha.mensagens.topo[0].assunto == ASSUNTO_PADRAO
    assert com_saida("Para não receber mais, avise.") == "Para não receber mais, avise."


def test_a_whatsapp_text_stays_as_it_was_approved() -> None:
    escolha = escolher("whatsapp", [template("topo", "A", "Olá!", canal="whatsapp")], None)
    assert escolha.mensagens.topo[0].texto == "Olá!"


def test_the_presentation_is_the_tenants_own_first_sentence() -> None:
    frase = apresentacao_de([TRECHO])
    assert frase == "Ajudamos indústrias a controlar pedidos, estoque e produção."
    assert frase in escolher("email", (), frase).mensagens.topo[0].texto


@pytest.mark.parametrize(
    "trecho",
    [
        Trecho(ESPACO, "Preços", "O plano custa R$ 490 por mês."),
        Trecho(ESPACO, "O que fazemos", "x" * 400),
        Trecho(ESPACO, "O que fazemos", "  "),
    ],
)
def test_nothing_else_of_the_knowledge_base_is_claimed(trecho: Trecho) -> None:
    assert apresentacao_de([trecho]) is None


def test_a_presentation_cannot_smuggle_a_placeholder_in() -> None:
    frase = apresentacao_de([Trecho(ESPACO, "Quem somos", "Somos a {empresa} [[x]] líder")])
    assert frase == "Somos a empresa x líder."


def test_previews_show_three_leads_with_the_variants_in_turn() -> None:
    mensagens = escolher("email", (), None).mensagens
    textos = previas(mensagens, [lead(n) for n in range(5)], TENANT)
    assert len(textos) == 3
    assert textos[0].startswith("Assunto: Nova Metais 0: uma conversa de 15 minutos?\n\nOlá, Ana")
    assert textos[1].startswith("Assunto: Ana, uma pergunta sobre a Nova Metais 1")
