"""The twin's meetings: slots held, taken, confirmed and freed."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import (
    HORARIO_TOMADO_POR,
    Horario,
)
from alquimista_sdk.testing import TwinContext
from alquimista_sdk_tests.twins import DAY, LEAD, OTHER, twin_with_leads


def slot(number: int, hour: int, minutes: int = 60) -> Horario:
    start = DAY + timedelta(hours=hour)
    return Horario(number, start, start + timedelta(minutes=minutes))


def expiry(twin: TwinContext) -> datetime:
    return twin.now + timedelta(minutes=15)


def test_a_held_slot_is_nobody_elses_until_it_expires() -> None:
    twin = twin_with_leads()
    first, second = uuid4(), uuid4()
    wanted = (slot(1, 0), slot(2, 1))
    assert twin.agendamentos.hold(first, LEAD, wanted, expiry(twin)) == wanted
    overlapping = (slot(1, 0, 30), slot(2, 2))
    assert twin.agendamentos.hold(second, OTHER, overlapping, expiry(twin)) == (slot(2, 2),)
    assert len(twin.agendamentos.busy(DAY, DAY + timedelta(hours=9))) == 3
    twin.advance(timedelta(minutes=16))
    assert twin.agendamentos.busy(DAY, DAY + timedelta(hours=9)) == ()
    third = uuid4()
    assert twin.agendamentos.hold(third, OTHER, wanted, expiry(twin)) == wanted
    assert twin.agendamentos.take(first, slot(1, 0)) is False
    assert twin.agendamentos.take(first, slot(1, 5)) is True


def test_holding_again_answers_what_was_got() -> None:
    twin = twin_with_leads()
    meeting = uuid4()
    got = twin.agendamentos.hold(meeting, LEAD, (slot(1, 0),), expiry(twin))
    again = twin.agendamentos.hold(meeting, LEAD, (slot(1, 3), slot(2, 4)), expiry(twin))
    assert again == got
    assert len(twin.store.reservas) == 1


def test_a_hold_that_gets_nothing_is_no_proposal() -> None:
    twin = twin_with_leads()
    twin.agendamentos.hold(uuid4(), LEAD, (slot(1, 0),), expiry(twin))
    assert twin.agendamentos.hold(uuid4(), OTHER, (slot(1, 0),), expiry(twin)) == ()
    assert twin.agendamentos.hold(uuid4(), OTHER, (), expiry(twin)) == ()
    assert twin.agendamentos.open_proposal(OTHER) is None
    with pytest.raises(PermanentError, match="ends after"):
        twin.agendamentos.hold(uuid4(), OTHER, (slot(1, 0, 0),), expiry(twin))


def test_confirming_frees_the_other_holds_and_books_the_lead() -> None:
    twin = twin_with_leads()
    meeting = uuid4()
    twin.agendamentos.hold(meeting, LEAD, (slot(1, 0), slot(2, 1)), expiry(twin))
    assert twin.agendamentos.open_proposal(LEAD) is not None
    assert twin.agendamentos.take(meeting, slot(2, 1)) is True
    assert twin.agendamentos.take(meeting, slot(2, 1)) is True
    twin.agendamentos.confirm(meeting, slot(2, 1), "evento", "briefing")
    twin.commit()
    booked = twin.agendamentos.get(meeting)
    assert (booked.status, booked.data_hora, booked.duracao) == (
        "confirmado",
        slot(2, 1).inicio,
        60,
    )
    assert (booked.calendar_event_id, booked.briefing) == ("evento", "briefing")
    assert twin.leads.get(LEAD).status == "agendado"
    assert len(twin.agendamentos.busy(DAY, DAY + timedelta(hours=9))) == 1
    assert twin.agendamentos.open_proposal(LEAD) is None


def test_confirming_a_slot_that_is_gone_is_a_permanent_error() -> None:
    twin = twin_with_leads()
    mine, other = uuid4(), uuid4()
    twin.agendamentos.hold(mine, LEAD, (slot(1, 0),), expiry(twin))
    twin.agendamentos.hold(other, OTHER, (slot(1, 1),), expiry(twin))
    twin.agendamentos.confirm(mine, slot(1, 1), "evento", "briefing")
    with pytest.raises(PermanentError, match="the slot is gone"):
        twin.commit()


def test_a_slot_that_is_taken_and_not_confirmed_comes_free() -> None:
    twin = twin_with_leads()
    meeting = uuid4()
    wanted = (slot(1, 0),)
    twin.agendamentos.hold(meeting, LEAD, wanted, expiry(twin))
    assert twin.agendamentos.take(meeting, wanted[0]) is True
    twin.advance(timedelta(minutes=16))
    assert twin.agendamentos.hold(uuid4(), OTHER, wanted, expiry(twin)) == ()
    twin.advance(HORARIO_TOMADO_POR)
    assert twin.agendamentos.hold(uuid4(), OTHER, wanted, expiry(twin)) == wanted
    assert twin.agendamentos.take(meeting, wanted[0]) is False


def test_releasing_frees_every_slot() -> None:
    twin = twin_with_leads()
    meeting = uuid4()
    twin.agendamentos.hold(meeting, LEAD, (slot(1, 0),), expiry(twin))
    twin.agendamentos.release(meeting, "cancelado")
    twin.commit()
    assert twin.agendamentos.get(meeting).status == "cancelado"
    assert twin.agendamentos.busy(DAY, DAY + timedelta(hours=9)) == ()
    with pytest.raises(PermanentError, match="'confirmado'"):
        twin.agendamentos.release(meeting, "confirmado")


spans = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=4)


@given(st.lists(st.tuples(spans, st.booleans()), max_size=6))
def test_no_two_meetings_ever_hold_one_span(
    steps: list[tuple[list[tuple[int, int]], bool]],
) -> None:
    twin = twin_with_leads()
    for wanted, take in steps:
        slots = [
            Horario(n, DAY + timedelta(minutes=30 * a), DAY + timedelta(minutes=30 * (a + b)))
            for n, (a, b) in enumerate(wanted, start=1)
        ]
        meeting = uuid4()
        twin.agendamentos.hold(meeting, LEAD, slots, expiry(twin))
        twin.advance(timedelta(minutes=8))
        if take and slots:
            twin.agendamentos.take(meeting, slots[0])
        busy = twin.agendamentos.busy(DAY, DAY + timedelta(days=2))
        assert all(a.fim <= b.inicio for a, b in pairwise(busy))
