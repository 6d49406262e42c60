"""Ranking of the knowledge base's passages."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.conhecimento.domain import Passagem, desconhecidas, explained, search

PASSAGENS = (
    Passagem(UUID(int=1), "Preços", "O plano custa R$ 490 por mês.", "quanto custa valor"),
    Passagem(UUID(int=2), "Prazo", "A implantação leva 15 dias úteis.", "demora quando começa"),
    Passagem(UUID(int=3), "Suporte", "Atendemos de segunda a sexta.", "ajuda horário sábado"),
)


@pytest.mark.parametrize(
    ("consulta", "titulo"),
    [
        ("Quanto custa?", "Preços"),
        ("qual o VALOR do plano", "Preços"),
        ("em quanto tempo implanta? demora muito?", "Prazo"),
        ("vocês atendem no sabado?", "Suporte"),
    ],
)
def test_a_question_finds_its_passage(consulta: str, titulo: str) -> None:
    assert search(PASSAGENS, consulta, 1)[0].titulo == titulo


@pytest.mark.parametrize("consulta", ["", "oi, bom dia", "emitem nota fiscal eletrônica?"])
def test_a_question_that_nothing_answers_gets_nothing(consulta: str) -> None:
    assert search(PASSAGENS, consulta, 3) == ()


@given(st.text(max_size=60), st.integers(1, 5))
def test_answers_are_few_distinct_and_best_first(consulta: str, limite: int) -> None:
    found = search(PASSAGENS, consulta, limite)
    assert len(found) <= limite
    assert len({trecho.id for trecho in found}) == len(found)
    scores = [trecho.relevancia for trecho in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_accents_and_case_do_not_matter() -> None:
    assert search(PASSAGENS, "IMPLANTACAO", 1) == search(PASSAGENS, "implantação", 1)


def test_a_found_passage_says_which_words_counted_and_where() -> None:
    [best, *_] = explained(PASSAGENS, "Quanto custa o plano por mês?", 3)
    assert best.trecho.titulo == "Preços"
    assert [(motivo.palavra, motivo.onde) for motivo in best.motivos[:2]] == [
        ("custa", "palavras"),
        ("quanto", "palavras"),
    ]
    assert ("plano", "texto") in {(motivo.palavra, motivo.onde) for motivo in best.motivos}


@given(st.text(max_size=60), st.integers(1, 5))
def test_the_explanation_is_of_what_the_search_answers(consulta: str, limite: int) -> None:
    found = explained(PASSAGENS, consulta, limite)
    assert tuple(achado.trecho for achado in found) == search(PASSAGENS, consulta, limite)
    assert all(achado.motivos for achado in found)
    unknown = set(desconhecidas(PASSAGENS, consulta))
    assert unknown.isdisjoint(motivo.palavra for achado in found for motivo in achado.motivos)


def test_words_that_no_passage_has_are_told() -> None:
    assert desconhecidas(PASSAGENS, "O plano emite nota fiscal?") == ["emite", "nota", "fiscal"]
