"""Segmentation into lots."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from alquimista_sdk.models import Lead
from nigredo_recebimento.lotes import MAXIMO, MINIMO, SEM_SETOR, segmentar
from nigredo_recebimento.texto import dobrado
from nigredo_recebimento_tests.exemplos import lead


@st.composite
def bases(draw: st.DrawFn) -> list[Lead]:
    """Imports of a few groups, each of one kind and of up to 400 leads."""
    leads: list[Lead] = []
    for _ in range(draw(st.integers(0, 5))):
        campos = {
            "setor": draw(st.sampled_from([None, "Indústria", "industria", "Saúde"])),
            "porte": draw(st.sampled_from([None, "ME", "EPP"])),
            "atividade_principal": draw(st.sampled_from([None, "Usinagem", "Clínica"])),
            "uf": draw(st.sampled_from([None, "SP", "RJ", "BA", "RS"])),
        }
        quantos = draw(st.integers(1, 400))
        nota = draw(st.integers(0, 100))
        inicio = len(leads)
        leads.extend(lead(inicio + n, prioridade=nota, **campos) for n in range(quantos))
    return leads


@settings(max_examples=40, deadline=None)
@given(bases(), st.randoms(use_true_random=False))
def test_every_lead_is_in_one_lot_none_is_too_large_and_order_does_not_matter(
    leads: list[Lead], sorte: Random
) -> None:
    lotes = segmentar(leads)
    assert Counter(i for lote in lotes for i in lote.lead_ids) == Counter(one.id for one in leads)
    assert all(0 < len(lote.lead_ids) <= MAXIMO for lote in lotes)
    assert len({lote.nome for lote in lotes}) == len(lotes)
    misturados = list(leads)
    sorte.shuffle(misturados)
    assert segmentar(misturados) == lotes


@settings(max_examples=40, deadline=None)
@given(bases())
def test_a_lot_has_one_setor_and_is_small_only_where_the_setor_is(leads: list[Lead]) -> None:
    por_id = {one.id: one for one in leads}
    tamanho = Counter(dobrado(one.setor or "") for one in leads)
    for lote in segmentar(leads):
        setores = {dobrado(por_id[i].setor or "") for i in lote.lead_ids}
        assert len(setores) == 1
        if tamanho[setores.pop()] >= MINIMO:
            assert len(lote.lead_ids) >= MINIMO
        if lote.porte:
            assert {por_id[i].porte for i in lote.lead_ids} == {lote.porte}


def grupo(inicio: int, quantos: int, **campos: object) -> list[Lead]:
    return [lead(inicio + n, prioridade=70, **campos) for n in range(quantos)]


def test_parts_of_fifty_are_told_apart_by_porte_and_atividade() -> None:
    leads = [
        *grupo(0, 60, setor="Indústria", porte="ME", atividade_principal="Usinagem"),
        *grupo(100, 50, setor="Indústria", porte="ME", atividade_principal="Fundição"),
        *grupo(200, 70, setor="Indústria", porte="EPP"),
    ]
    assert {lote.nome: len(lote.lead_ids) for lote in segmentar(leads)} == {
        "Indústria · ME · Fundição": 50,
        "Indústria · ME · Usinagem": 60,
        "Indústria · EPP": 70,
    }


def test_a_part_above_150_is_split_by_region_then_by_uf_then_evenly() -> None:
    leads = [
        *grupo(0, 100, setor="Saúde", uf="BA"),
        *grupo(200, 90, setor="Saúde", uf="SP"),
        *grupo(400, 80, setor="Saúde", uf="RJ"),
        *grupo(600, 310, setor="Saúde", uf="RS"),
    ]
    lotes = {lote.nome: len(lote.lead_ids) for lote in segmentar(leads)}
    assert lotes == {
        "Saúde · BA": 100,
        "Saúde · SP": 90,
        "Saúde · RJ": 80,
        "Saúde · RS (1)": 104,
        "Saúde · RS (2)": 103,
        "Saúde · RS (3)": 103,
    }


def test_a_few_leads_of_a_kind_join_their_siblings() -> None:
    leads = [*grupo(0, 60, setor="Saúde", porte="ME"), *grupo(100, 4, setor="Saúde", porte="EPP")]
    (lote,) = segmentar(leads)
    assert (lote.nome, lote.porte, len(lote.lead_ids)) == ("Saúde", None, 64)


def test_leads_without_a_setor_are_a_lot_of_their_own_and_the_best_lot_comes_first() -> None:
    lotes = segmentar([lead(1, prioridade=40), lead(2, prioridade=85, setor="Saúde")])
    assert [(lote.nome, lote.setor, lote.prioridade) for lote in lotes] == [
        ("Saúde", "Saúde", "A"),
        (SEM_SETOR, None, "C"),
    ]


def test_no_leads_make_no_lots() -> None:
    assert segmentar([]) == ()
