"""When the demo's clock may move while events are in hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alquimista.sandbox.demo.semana import Visto

AGORA = datetime(2026, 12, 7, 13, 0, tzinfo=UTC)
QUIETO = Visto(AGORA, None, rascunhos=0, pendentes=0, enviando=False)
LONGE = AGORA + timedelta(hours=14)
PERTO = AGORA + timedelta(minutes=5)


def test_where_nothing_is_in_hand_the_clock_goes_anywhere() -> None:
    assert QUIETO.may_go_on(LONGE)


@pytest.mark.parametrize(
    ("proximo", "vencido"),
    [(None, False), (AGORA, True), (AGORA + timedelta(microseconds=1), False)],
    ids=["no timer", "now", "just after"],
)
def test_a_timer_is_due_from_its_moment_on(proximo: datetime | None, vencido: bool) -> None:
    assert replace(QUIETO, proximo=proximo).vencido is vencido


@pytest.mark.parametrize("pendentes", [1, 5])
def test_with_a_few_events_in_hand_it_goes_five_minutes_and_no_further(pendentes: int) -> None:
    seen = replace(QUIETO, pendentes=pendentes)
    assert seen.may_go_on(PERTO)
    assert not seen.may_go_on(PERTO + timedelta(seconds=1))


@pytest.mark.parametrize(
    "waiting",
    [
        replace(QUIETO, pendentes=1, enviando=True),
        replace(QUIETO, rascunhos=1),
        replace(QUIETO, pendentes=6),
    ],
    ids=["a message on its way", "a draft", "a backlog"],
)
def test_it_waits_for_messages_people_and_a_backlog(waiting: Visto) -> None:
    assert not waiting.may_go_on(AGORA)
