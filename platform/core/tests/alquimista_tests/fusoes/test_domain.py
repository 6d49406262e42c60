"""Who looks like whom, who stays, what is taken over and what an undo puts back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alquimista.prospeccao.fusoes import domain
from alquimista.prospeccao.fusoes.domain import Perfil, Semelhanca
from alquimista_sdk.models import LEAD_STATUS

AGORA = datetime(2026, 11, 2, tzinfo=UTC)
NOMES = st.sampled_from(
    ["Prensas Vale", "Prensas Vale Ltda", "Prensa Vale", "PRENSAS DO VALE S/A", "Aços Sul", "", "X"]
) | st.text(max_size=20)
PERFIS = st.builds(
    Perfil,
    id=st.uuids(),
    empresa=NOMES,
    cnpj=st.sampled_from([None, "11222333000181", "11222333000262", "12ABC34501DE35"]),
    email_norm=st.sampled_from([None, "a@vale.com.br", "b@vale.com.br", "a@gmail.com", "sem"]),
    telefone_norm=st.sampled_from([None, "+551187654321", "+551133334444", "+552187654321"]),
    status=st.sampled_from(LEAD_STATUS),
    created_at=st.integers(0, 3).map(lambda days: AGORA + timedelta(days=days)),
)
CAMPOS = [name for group in domain.GRUPOS for name in group]
LINHAS = st.fixed_dictionaries(
    {name: st.sampled_from([None, "a", "b"]) for name in CAMPOS}
    | {"pausado": st.booleans(), "pausa_motivo": st.sampled_from([None, "dúvida"])}
)


def perfil(empresa: str = "Prensas Vale", **fields: Any) -> Perfil:
    """A lead of São Paulo without CNPJ."""
    base = Perfil(uuid4(), empresa, None, None, "+551133334444", "novo", AGORA)
    return replace(base, **fields)


@given(PERFIS, PERFIS)
def test_a_likeness_is_the_same_from_each_side_and_every_time(um: Perfil, outro: Perfil) -> None:
    assert domain.comparar(um, outro) == domain.comparar(outro, um) == domain.comparar(um, outro)
    assert domain.em_ordem(um, outro) == domain.em_ordem(outro, um)
    assert domain.id_do_par(um.id, outro.id) == domain.id_do_par(outro.id, um.id)


@given(PERFIS, PERFIS)
def test_every_likeness_has_its_reason(um: Perfil, outro: Perfil) -> None:
    found = domain.comparar(um, outro)
    same_phone = um.telefone_norm is not None and um.telefone_norm == outro.telefone_norm
    same_cnpj = um.cnpj is not None and um.cnpj == outro.cnpj
    if found is None:
        assert um.id == outro.id or not (same_phone or same_cnpj)
        return
    assert domain.ESCORE_MINIMO <= found.escore <= 100
    if found.motivo == "telefone":
        assert same_phone
    elif found.motivo == "cnpj":
        assert same_cnpj and not same_phone
    else:
        assert found.motivo == "nome" and not same_phone and not same_cnpj
        assert found.mesmo_dominio or found.mesmo_ddd


@given(PERFIS)
def test_nobody_is_suggested_with_themselves(um: Perfil) -> None:
    assert domain.comparar(um, um) is None


@given(st.text(max_size=40))
@example("\u3380")  # a sign that stands for pA
def test_folding_a_name_twice_changes_nothing_more(nome: str) -> None:
    once = domain.dobrar(nome)
    assert domain.dobrar(once) == once
    assert once == once.lower().strip()


@pytest.mark.parametrize(
    ("nome", "dobrado"),
    [
        ("Prensas Vale LTDA.", "prensas vale"),
        ("Aços  Sul S/A", "acos sul"),
        ("Foz & Filhos Cia Ltda - ME", "foz filhos"),
        ("ME", "me"),
        ("株式会社", ""),
    ],
)
def test_signs_accents_and_the_legal_form_do_not_count(nome: str, dobrado: str) -> None:
    assert domain.dobrar(nome) == dobrado


@pytest.mark.parametrize(
    ("um", "outro", "parecidos"),
    [
        ("Prensas Vale Ltda", "Prensas Vale", True),
        ("Prensas Vale", "Prensa Vale", True),
        ("MARTHA", "MARHTA", True),
        ("DIXON", "DICKSONX", False),
        ("Prensas Vale", "Moldes Norte", False),
        ("A", "A", False),
        ("株式会社", "有限会社", False),
    ],
)
def test_names_are_alike_from_92_hundredths_on(um: str, outro: str, parecidos: bool) -> None:
    """MARTHA/MARHTA is 0.961 and DIXON/DICKSONX 0.813 in Winkler's own table (1990)."""
    score = domain.escore_dos_nomes(um, outro)
    assert (score >= domain.ESCORE_MINIMO) is parecidos
    found = domain.comparar(
        perfil(um), perfil(outro, telefone_norm="+551155556666", email_norm="a@gmail.com")
    )
    assert (found is not None) is parecidos


def test_alike_names_count_only_in_one_domain_or_one_area() -> None:
    sao_paulo = perfil(email_norm="a@vale.com.br")
    rio = perfil(telefone_norm="+552133334444", email_norm="b@vale.com.br")
    assert domain.comparar(sao_paulo, rio) == Semelhanca("nome", 100, True, False)
    gmail = replace(rio, email_norm="vale@gmail.com")
    assert domain.comparar(sao_paulo, gmail) is None
    near = perfil(telefone_norm="+552155556666")
    assert domain.comparar(near, gmail) == Semelhanca("nome", 100, False, True)


def test_two_companies_of_one_name_are_told_apart_by_their_cnpj() -> None:
    um = perfil(cnpj="11222333000181")
    outra_filial = perfil(cnpj="11222333000262", telefone_norm="+551155556666")
    outra_empresa = replace(outra_filial, cnpj="12ABC34501DE35")
    found = domain.comparar(um, outra_filial)
    assert found is not None and found.motivo == "nome"
    assert domain.comparar(um, outra_empresa) is None


def test_the_lead_that_is_further_stays_and_else_the_older_one() -> None:
    older, newer = perfil(), perfil(created_at=AGORA + timedelta(days=1))
    assert domain.em_ordem(newer, older) == (older, newer)
    answered = replace(newer, status="respondeu")
    assert domain.em_ordem(older, answered) == (answered, older)
    gone = replace(older, status="descartado")
    assert domain.em_ordem(gone, newer) == (newer, gone)


@given(st.lists(st.tuples(st.uuids(), st.integers(92, 100), st.booleans(), st.booleans())))
def test_the_best_names_are_told_by_score_then_domain_then_area(
    achados: list[tuple[UUID, int, bool, bool]],
) -> None:
    likely = [(i, Semelhanca("nome", e, d, a)) for i, e, d, a in achados]
    best = domain.melhores_nomes(likely)
    assert best == domain.melhores_nomes(reversed(likely))
    assert len(best) == min(len(likely), domain.NOMES_POR_LEAD)
    rank = [(s.escore, s.mesmo_dominio, s.mesmo_ddd) for _, s in best]
    assert rank == sorted(rank, reverse=True)
    left = [(s.escore, s.mesmo_dominio, s.mesmo_ddd) for i, s in likely if (i, s) not in best]
    assert all(other <= rank[-1] for other in left)


def test_the_block_of_a_name_skips_words_that_half_a_city_shares() -> None:
    assert domain.inicio(perfil("Metalúrgica Vale do Aço Ltda")) == "11vale"
    assert domain.inicio(perfil("Metalúrgica")) == "11meta"
    assert domain.inicio(perfil("Foz")) == "11foz"
    assert domain.inicio(perfil("Foz", telefone_norm=None)) is None
    assert domain.inicio(perfil("株式会社")) is None


@given(LINHAS, LINHAS)
def test_what_is_taken_was_missing_and_nothing_is_overwritten(
    fica: dict[str, Any], sai: dict[str, Any]
) -> None:
    taken = domain.campos_tomados(fica, sai)
    for name, value in taken.items():
        assert fica[name] is None or name.startswith("pausa")
        assert value == sai[name]
    assert fica["pausado"] or sai["pausado"] == taken.get("pausado", False)
    again = {**fica, **taken}
    assert domain.campos_tomados(again, sai) == {}


@given(LINHAS, LINHAS)
def test_an_undo_puts_back_exactly_what_was_before(
    fica: dict[str, Any], sai: dict[str, Any]
) -> None:
    taken = domain.campos_tomados(fica, sai)
    merged = {**fica, **taken}
    values, kept = domain.restaurar(merged, {name: fica[name] for name in taken}, taken)
    assert {**merged, **values} == fica
    assert kept == []


def test_an_undo_leaves_and_names_what_somebody_changed_since() -> None:
    before = {"telefone": None, "contato": None}
    after = {"telefone": "+551133334444", "contato": "Bruna"}
    now = {"telefone": "+551133334444", "contato": "Bruna Dias"}
    assert domain.restaurar(now, before, after) == ({"telefone": None}, ["contato"])


def test_a_phone_never_gets_the_whatsapp_id_of_another() -> None:
    empty: dict[str, Any] = dict.fromkeys(CAMPOS) | {
        "pausado": False,
        "pausa_motivo": None,
    }
    fica = {**empty, "telefone": "+5511987654321", "telefone_norm": "+551187654321"}
    sai = {**empty, "telefone": "+552133334444", "whatsapp_id": "552133334444", "email": "a@b.c"}
    assert domain.campos_tomados(fica, sai) == {"email": "a@b.c"}
    assert "whatsapp_id" in domain.campos_tomados(empty, sai)
