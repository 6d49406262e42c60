"""The send gate: what each kind of message must pass, and what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.disparos.domain import (
    EXIGIDAS,
    Fatos,
    Limites,
    Pedido,
    Resultado,
    Ritmo,
    avaliar,
)

TERCA_10H = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)
BONS = Fatos(
    destino="maria@empresa.com.br",
    suprimido=False,
    status_lead="enriquecido",
    fuso="America/Sao_Paulo",
    uf="SP",
    base_legal="legitimo_interesse",
    campanha_status="ativa",
    aprovacao_vale=True,
    tenant_sandbox=True,
    canal_sandbox=True,
)


def pedido(tipo: str = "prospeccao", canal: str = "email", agora: datetime = TERCA_10H) -> Pedido:
    """A message that wants to go out on a Tuesday at ten."""
    return Pedido(tipo, canal, agora)


def codes(tipo: str, facts: Fatos, canal: str = "email", agora: datetime = TERCA_10H) -> list[str]:
    """Why a message is refused."""
    return [v.codigo for v in avaliar(pedido(tipo, canal, agora), facts).recusas]


def test_a_prospecting_message_passes_when_every_check_holds() -> None:
    veredito = avaliar(pedido(), BONS)
    assert veredito.permitido
    assert len(veredito.verificacoes) == 11


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (replace(BONS, suprimido=True), "supressao"),
        (replace(BONS, status_lead="descadastrado"), "supressao"),
        (replace(BONS, status_lead="descartado"), "supressao"),
        (replace(BONS, base_legal=None), "base_legal"),
        (replace(BONS, campanha_status="pausada"), "aprovacao"),
        (replace(BONS, aprovacao_vale=False), "aprovacao"),
        (replace(BONS, campanha_status="rascunho"), "aprovacao"),
        (replace(BONS, respondeu=True), "resposta_recebida"),
        (replace(BONS, assumido_por_pessoa=True), "intervencao_humana"),
        (replace(BONS, pausado=True), "intervencao_humana"),
        (replace(BONS, ritmo=Ritmo(na_hora=100, libera_hora=TERCA_10H)), "limites"),
        (replace(BONS, ritmo=Ritmo(no_dia=500, libera_dia=TERCA_10H)), "limites"),
        (replace(BONS, ritmo=Ritmo(ultimo=TERCA_10H - timedelta(seconds=1))), "limites"),
        (replace(BONS, ultimo_ao_lead=TERCA_10H - timedelta(hours=3)), "descanso_do_lead"),
        (replace(BONS, canal_sandbox=False), "ambiente"),
        (replace(BONS, destino=None), "canal"),
    ],
)
def test_each_check_refuses_with_its_own_code(facts: Fatos, code: str) -> None:
    assert codes("prospeccao", facts) == [code]


@pytest.mark.parametrize(
    ("agora", "code"),
    [
        (datetime(2026, 11, 24, 10, 59, tzinfo=UTC), "horario_comercial"),
        (datetime(2026, 11, 24, 21, 0, tzinfo=UTC), "horario_comercial"),
        (datetime(2026, 11, 28, 13, 0, tzinfo=UTC), "horario_comercial"),
        (datetime(2026, 12, 25, 13, 0, tzinfo=UTC), "feriado"),
        (datetime(2026, 7, 9, 13, 0, tzinfo=UTC), "feriado"),
    ],
)
def test_outside_business_hours_and_on_holidays_a_message_waits(agora: datetime, code: str) -> None:
    veredito = avaliar(pedido(agora=agora), BONS)
    assert [v.codigo for v in veredito.recusas] == [code]
    assert veredito.adiar_ate is not None
    assert avaliar(pedido(agora=veredito.adiar_ate), BONS).permitido


def test_hours_count_in_the_leads_zone() -> None:
    at_eight_in_brasilia = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    assert codes("prospeccao", BONS, agora=at_eight_in_brasilia) == []
    acre = replace(BONS, fuso="America/Rio_Branco", uf="AC")
    assert codes("prospeccao", acre, agora=at_eight_in_brasilia) == ["horario_comercial"]


def test_a_reply_needs_no_approval_hours_or_limits() -> None:
    midnight = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
    facts = replace(
        BONS,
        campanha_status=None,
        aprovacao_vale=None,
        respondeu=True,
        ritmo=Ritmo(na_hora=100, no_dia=500),
        ultimo_ao_lead=midnight,
    )
    assert codes("resposta", facts, agora=midnight) == []


def test_a_reply_stops_where_a_person_took_over_but_an_invitation_does_not() -> None:
    facts = replace(BONS, assumido_por_pessoa=True)
    assert codes("resposta", facts) == ["intervencao_humana"]
    assert codes("transacional", facts) == []


def test_only_a_confirmation_goes_out_despite_suppression() -> None:
    facts = replace(BONS, suprimido=True, status_lead="descadastrado")
    assert codes("confirmacao", facts) == []
    for tipo in ("prospeccao", "resposta", "transacional"):
        assert "supressao" in codes(tipo, facts)


def test_whatsapp_needs_an_opt_in_and_an_open_window_or_a_template() -> None:
    facts = replace(BONS, destino="+5511987654321")
    assert codes("prospeccao", facts, "whatsapp") == ["base_legal", "politica_do_canal"]
    allowed = replace(facts, opt_in_whatsapp=True, modelo="retomada")
    assert codes("prospeccao", allowed, "whatsapp") == []
    answered = replace(facts, ultima_mensagem_do_lead=TERCA_10H - timedelta(hours=23))
    assert codes("resposta", answered, "whatsapp") == []
    late = replace(facts, ultima_mensagem_do_lead=TERCA_10H - timedelta(hours=24))
    assert codes("resposta", late, "whatsapp") == ["politica_do_canal"]


def test_checks_that_do_not_apply_say_so_in_words() -> None:
    veredito = avaliar(pedido("confirmacao"), BONS)
    skipped = [v for v in veredito.verificacoes if v.resultado is Resultado.NAO_APLICAVEL]
    assert len(skipped) == 10
    assert all("não se aplica" in v.motivo for v in skipped)


def test_a_refusal_that_never_passes_is_not_postponed() -> None:
    night = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
    veredito = avaliar(pedido(agora=night), replace(BONS, suprimido=True))
    assert veredito.adiar_ate is None


@given(
    tipo=st.sampled_from(sorted(EXIGIDAS)),
    suprimido=st.booleans(),
    pausado=st.booleans(),
    respondeu=st.booleans(),
    na_hora=st.integers(0, 200),
    hours=st.integers(0, 24 * 30),
)
def test_every_message_gets_every_check_answered_once(
    tipo: str, suprimido: bool, pausado: bool, respondeu: bool, na_hora: int, hours: int
) -> None:
    facts = replace(
        BONS,
        suprimido=suprimido,
        pausado=pausado,
        respondeu=respondeu,
        limites=Limites(),
        ritmo=Ritmo(na_hora=na_hora, libera_hora=TERCA_10H + timedelta(hours=hours + 1)),
    )
    veredito = avaliar(pedido(tipo, agora=TERCA_10H + timedelta(hours=hours)), facts)
    assert len({v.codigo for v in veredito.verificacoes}) == 11
    assert veredito.permitido == (not veredito.recusas)
    assert all(v.motivo for v in veredito.verificacoes)
    if veredito.adiar_ate is not None:
        assert veredito.adiar_ate > TERCA_10H


@pytest.mark.parametrize("tipo", ["prospeccao", "resposta", "transacional"])
def test_a_purpose_that_may_not_use_the_lead_s_data_stops_its_messages(tipo: str) -> None:
    facts = replace(BONS, base_legal=None, base_recusada="a pessoa retirou a autorização")
    veredito = avaliar(pedido(tipo), facts)
    assert [v.codigo for v in veredito.recusas] == ["base_legal"]
    assert "retirou" in veredito.recusas[0].motivo
    assert veredito.adiar_ate is None


@pytest.mark.parametrize("tipo", ["confirmacao", "interno", "conta"])
def test_a_message_that_serves_the_person_s_own_request_asks_for_no_basis(tipo: str) -> None:
    assert codes(tipo, replace(BONS, base_recusada="a pessoa retirou a autorização")) == []
