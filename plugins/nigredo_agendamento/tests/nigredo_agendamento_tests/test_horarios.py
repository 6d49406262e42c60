"""Free slots and which three of them are offered."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from alquimista_sdk.models import Intervalo, Janela
from nigredo_agendamento.calendario import dia_util, dias_uteis
from nigredo_agendamento.horarios import JANELAS_PADRAO, conflita, escolher, livres
from nigredo_agendamento_tests.mesa import FUSO, ZONA, horario

HORA = timedelta(hours=1)
DIAS = dias_uteis(date(2026, 11, 24), 10, "SP")
ocupacoes = st.lists(
    st.builds(
        lambda inicio, minutos: Intervalo(
            datetime(2026, 11, 25, tzinfo=UTC) + timedelta(minutes=inicio),
            datetime(2026, 11, 25, tzinfo=UTC) + timedelta(minutes=inicio + minutos),
        ),
        st.integers(0, 60 * 24 * 14),
        st.integers(1, 600),
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(ocupacoes, st.integers(15, 180), st.booleans())
def test_offered_slots_are_free_inside_the_windows_and_apart(
    ocupados: list[Intervalo], minutos: int, espalhar: bool
) -> None:
    duracao = timedelta(minutes=minutos)
    inicios = livres(DIAS, JANELAS_PADRAO, duracao, FUSO, ocupados)
    ofertas = escolher(inicios, duracao, espalhar=espalhar)
    assert len(ofertas) <= 3
    assert [oferta.numero for oferta in ofertas] == list(range(1, len(ofertas) + 1))
    for oferta in ofertas:
        local = oferta.inicio.astimezone(ZONA)
        assert local.date() in DIAS
        assert any(
            janela.dia_semana == local.weekday()
            and janela.inicio <= local.time()
            and oferta.fim.astimezone(ZONA).time() <= janela.fim
            for janela in JANELAS_PADRAO
        )
        assert not conflita(oferta.inicio, oferta.fim, ocupados)
    for antes, depois in pairwise(ofertas):
        assert antes.fim <= depois.inicio


def test_three_slots_lie_on_different_days_and_change_halves() -> None:
    inicios = livres(DIAS, JANELAS_PADRAO, HORA, FUSO, [])
    locais = [oferta.inicio.astimezone(ZONA) for oferta in escolher(inicios, HORA, espalhar=True)]
    assert [local.date().isoformat() for local in locais] == [
        "2026-11-25",
        "2026-11-26",
        "2026-11-27",
    ]
    assert [local.hour for local in locais] == [9, 14, 9]


def test_where_a_day_was_named_the_nearest_one_is_filled_first() -> None:
    inicios = [i for i in livres(DIAS, JANELAS_PADRAO, HORA, FUSO, []) if i.weekday() == 3]
    locais = [oferta.inicio.astimezone(ZONA) for oferta in escolher(inicios, HORA, espalhar=False)]
    assert {local.date().isoformat() for local in locais} == {"2026-11-26"}


def test_full_hours_are_offered_before_half_hours() -> None:
    ocupado = [Intervalo(horario(1, 11, 25, 9).inicio, horario(1, 11, 25, 9).inicio + HORA / 2)]
    inicios = livres(DIAS[:1], JANELAS_PADRAO, HORA, FUSO, ocupado)
    primeira = escolher(inicios, HORA, espalhar=True)[0]
    assert primeira.inicio.astimezone(ZONA).time() == time(10)


def test_a_half_hour_is_offered_where_no_full_hour_is_free() -> None:
    janelas = [Janela(2, time(9, 30), time(10, 30))]
    ofertas = escolher(livres(DIAS[:1], janelas, HORA, FUSO, []), HORA, espalhar=True)
    assert [oferta.inicio.astimezone(ZONA).time() for oferta in ofertas] == [time(9, 30)]


def test_an_agenda_without_room_offers_nothing() -> None:
    tudo = [Intervalo(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC))]
    assert escolher(livres(DIAS, JANELAS_PADRAO, HORA, FUSO, tudo), HORA, espalhar=True) == []


def test_meetings_start_tomorrow_and_skip_weekends_and_holidays() -> None:
    assert dias_uteis(date(2026, 12, 23), 3, None) == [
        date(2026, 12, 24),
        date(2026, 12, 28),
        date(2026, 12, 29),
    ]
    assert not dia_util(date(2026, 7, 9), "sp")
    assert dia_util(date(2026, 7, 9), None)


def test_the_search_goes_as_far_as_the_day_that_was_named() -> None:
    assert dias_uteis(date(2026, 11, 24), 2, None, date(2026, 12, 1))[-1] == date(2026, 12, 1)
