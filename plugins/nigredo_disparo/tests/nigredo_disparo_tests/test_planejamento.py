"""Laws of planning."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from nigredo_disparo.calendario import Expediente, dia_util
from nigredo_disparo.planejamento import (
    JITTER_S,
    PAUSA_S,
    Agenda,
    Destino,
    jitter,
    planejar,
    planejar_seguinte,
    variante,
)

FUSOS = ("America/Sao_Paulo", "America/Manaus", "America/Rio_Branco", "America/Cuiaba")
UFS = (None, "SP", "AM", "AC", "RJ")
momentos = st.integers(1_767_225_600, 1_861_833_600).map(lambda s: datetime.fromtimestamp(s, UTC))
destinos = st.lists(
    st.builds(Destino, st.uuids(), st.sampled_from(FUSOS), st.sampled_from(UFS)), max_size=40
)
expedientes = st.builds(
    lambda inicio, minutos: Expediente(time(inicio), time(inicio + minutos // 60, minutos % 60)),
    st.integers(8, 15),
    st.integers(1, 120),
)
LARGO = Expediente(time(9), time(17, 30))


def _sempre(segundo: int) -> int:
    return segundo


def _no_maximo(momentos: list[int], limite: int, janela: int) -> bool:
    ordem = sorted(momentos)
    return all(b - a >= janela for a, b in zip(ordem, ordem[limite:], strict=False))


@settings(max_examples=60, deadline=None)
@given(destinos, momentos, expedientes, st.integers(1, 100))
def test_planned_moments_keep_hours_days_pace_and_are_never_past(
    alvos: list[Destino], agora: datetime, expediente: Expediente, por_hora: int
) -> None:
    planejados, _ = planejar(alvos, agora, expediente, por_hora, "semente")
    assert len(planejados) == len(alvos)
    for alvo, momento in zip(alvos, planejados, strict=True):
        local = momento.astimezone(ZoneInfo(alvo.fuso))
        assert momento > agora
        assert expediente.inicio <= local.time() < expediente.fim
        assert dia_util(local.date(), alvo.uf)
    segundos = sorted(int(momento.timestamp()) for momento in planejados)
    assert all(b - a >= PAUSA_S for a, b in pairwise(segundos))
    assert _no_maximo(segundos, por_hora, 3600)


@settings(max_examples=20, deadline=None)
@given(momentos, st.lists(st.integers(1, 40), min_size=2, max_size=4), st.integers(5, 40))
def test_campaigns_planned_one_after_another_share_one_pace(
    agora: datetime, tamanhos: list[int], por_hora: int
) -> None:
    todos: list[int] = []
    cauda: tuple[int, ...] = ()
    for ordem, tamanho in enumerate(tamanhos):
        alvos = [Destino(UUID(int=ordem * 1000 + n), FUSOS[0]) for n in range(tamanho)]
        planejados, cauda = planejar(alvos, agora, LARGO, por_hora, f"c{ordem}", cauda)
        todos += [int(momento.timestamp()) for momento in planejados]
    assert len(set(todos)) == len(todos)
    assert _no_maximo(todos, por_hora, 3600)


def test_no_more_than_500_go_out_in_any_24_hours() -> None:
    alvos = [Destino(UUID(int=n), FUSOS[0]) for n in range(1, 620)]
    agora = datetime(2026, 11, 24, 11, tzinfo=UTC)
    planejados, cauda = planejar(alvos, agora, LARGO, 100, "s")
    segundos = [int(momento.timestamp()) for momento in planejados]
    assert _no_maximo(segundos, 500, 86_400)
    assert _no_maximo(segundos, 100, 3600)
    assert len(cauda) == 500


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5000), max_size=60), st.integers(0, 5000), st.integers(1, 20))
def test_a_reserved_second_never_overfills_a_rolling_hour(
    ocupados: list[int], segundo: int, por_hora: int
) -> None:
    agenda = Agenda(por_hora)
    for ocupado in ocupados:
        agenda.reservar(ocupado, _sempre)
    assert agenda.reservar(segundo, _sempre) >= segundo
    assert _no_maximo(list(agenda.cauda()), por_hora, 3600)


def test_the_same_plan_comes_out_twice() -> None:
    alvos = [Destino(UUID(int=n), FUSOS[n % 4]) for n in range(1, 30)]
    agora = datetime(2026, 11, 24, 13, tzinfo=UTC)
    assert planejar(alvos, agora, LARGO, 50, "s") == planejar(alvos, agora, LARGO, 50, "s")


def test_messages_are_spread_and_not_sent_in_one_burst() -> None:
    alvos = [Destino(UUID(int=n), FUSOS[0]) for n in range(1, 61)]
    agora = datetime(2026, 11, 24, 11, tzinfo=UTC)
    planejados, _ = planejar(alvos, agora, LARGO, 30, "s")
    ordem = sorted(planejados)
    assert timedelta(minutes=100) < ordem[-1] - ordem[0] < timedelta(minutes=150)


def test_the_first_of_the_list_is_planned_before_the_last() -> None:
    alvos = [Destino(UUID(int=n), FUSOS[0]) for n in range(1, 61)]
    planejados, _ = planejar(alvos, datetime(2026, 11, 24, 13, tzinfo=UTC), LARGO, 30, "s")
    assert planejados[0] < planejados[-1]


def test_a_plan_made_on_friday_evening_waits_for_monday() -> None:
    agora = datetime(2026, 11, 27, 22, tzinfo=UTC)
    planejados, _ = planejar([Destino(UUID(int=1), FUSOS[0], "SP")], agora, LARGO, 30, "s")
    assert planejados[0].astimezone(ZoneInfo(FUSOS[0])).date().isoformat() == "2026-11-30"


@settings(max_examples=80, deadline=None)
@given(
    momentos,
    st.timedeltas(timedelta(0), timedelta(days=9)),
    expedientes,
    st.integers(0, 5),
    st.sampled_from(FUSOS),
    st.sampled_from(UFS),
)
def test_a_follow_up_keeps_hours_and_days_and_is_never_past(
    enviado_em: datetime,
    atraso: timedelta,
    expediente: Expediente,
    dias: int,
    fuso: str,
    uf: str | None,
) -> None:
    agora = enviado_em + atraso
    alvo = Destino(UUID(int=7), fuso, uf)
    momento = planejar_seguinte(enviado_em, agora, expediente, dias, alvo, "s")
    local = momento.astimezone(ZoneInfo(fuso))
    assert momento > agora
    assert local.date() > enviado_em.astimezone(ZoneInfo(fuso)).date()
    assert expediente.inicio <= local.time() < expediente.fim
    assert dia_util(local.date(), uf)


def test_a_follow_up_comes_two_business_days_later_at_a_similar_hour() -> None:
    enviado_em = datetime(2026, 11, 26, 14, tzinfo=UTC)  # Thursday, 11:00 in São Paulo
    alvo = Destino(UUID(int=7), FUSOS[0], "SP")
    momento = planejar_seguinte(enviado_em, enviado_em, LARGO, 2, alvo, "s")
    assert abs(momento - datetime(2026, 11, 30, 14, tzinfo=UTC)) <= timedelta(seconds=JITTER_S)


@given(st.text())
def test_jitter_stays_within_five_minutes_and_is_stable(semente: str) -> None:
    assert -JITTER_S <= jitter(semente) <= JITTER_S
    assert jitter(semente) == jitter(semente)


def test_variants_split_leads_about_evenly() -> None:
    primeiros = sum(variante(UUID(int=n), 2) == 0 for n in range(1000))
    assert 420 < primeiros < 580
    assert {variante(UUID(int=n), 1) for n in range(50)} == {0}
