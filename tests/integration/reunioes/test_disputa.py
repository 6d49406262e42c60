"""Decision 23: one span is one lead's, whoever asks at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from alquimista.bootstrap import System
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.prospeccao.agendamentos import reservas, service
from alquimista_sdk.errors import NotFound, PermanentError, VersionConflict
from alquimista_sdk.models import HORARIO_TOMADO_POR, Horario
from tests.integration.envio.bancada import Bancada

Answer = TypeVar("Answer")
RESERVA = timedelta(minutes=15)
THREADS = 8


@pytest.fixture
def bancada(system: System) -> Bancada:
    """A tenant with leads that want to meet."""
    return Bancada.montar(system)


def slots(bancada: Bancada, *hours: int) -> tuple[Horario, ...]:
    """Hours of tomorrow, numbered from one."""
    day = bancada.agora().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return tuple(
        Horario(number, day + timedelta(hours=hour), day + timedelta(hours=hour + 1))
        for number, hour in enumerate(hours, 1)
    )


def hold(
    bancada: Bancada, lead_id: UUID, horarios: Sequence[Horario], meeting: UUID | None = None
) -> tuple[UUID, tuple[Horario, ...]]:
    """Hold slots for a quarter of an hour; the meeting's id and what was got."""
    meeting = meeting or uuid4()
    with bancada.uow() as uow:
        got = reservas.hold(
            bancada.system.services.ports,
            uow,
            meeting,
            lead_id,
            horarios,
            uow.agora + RESERVA,
            uuid4(),
        )
    return meeting, got


def gets(bancada: Bancada, lead_id: UUID, horarios: Sequence[Horario]) -> bool:
    """Whether a lead gets any of the slots."""
    return bool(hold(bancada, lead_id, horarios)[1])


def take(bancada: Bancada, meeting: UUID, horario: Horario) -> bool:
    """Take a slot for as long as a confirmation needs."""
    with bancada.uow() as uow:
        return reservas.take(bancada.system.services.ports, uow, meeting, horario)


def confirm(bancada: Bancada, meeting: UUID, horario: Horario) -> None:
    """Confirm a meeting."""
    ports = bancada.system.services.ports
    with bancada.uow() as uow:
        service.confirm(ports, uow, meeting, horario, "evento", "briefing")


def busy(bancada: Bancada) -> list[datetime]:
    """When the held and confirmed spans begin."""
    with bancada.uow() as uow:
        spans = reservas.busy(uow, uow.agora, uow.agora + timedelta(days=9))
    return [span.inicio for span in spans]


def at_once(calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Run calls in threads that start together; any error fails the test."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def estados(bancada: Bancada, meeting: UUID) -> dict[int, str]:
    """The state of each slot of a meeting, by number."""
    rows = bancada.rows(
        "SELECT numero, estado FROM nigredo_leads.agendamento_horarios WHERE agendamento_id = :id",
        id=meeting,
    )
    return {row.numero: row.estado for row in rows}


def test_eight_leads_want_one_hour_and_one_gets_it(bancada: Bancada) -> None:
    leads = [bancada.lead() for _ in range(THREADS)]
    for hour in range(4):
        wanted = slots(bancada, hour)
        answers = at_once([partial(hold, bancada, lead, wanted) for lead in leads])
        assert sorted(len(got) for _, got in answers) == [0] * (THREADS - 1) + [1]
    assert len(busy(bancada)) == 4


def test_leads_that_ask_for_the_same_hours_in_other_orders_share_them(bancada: Bancada) -> None:
    leads = [bancada.lead() for _ in range(THREADS)]
    hours = (0, 1, 2, 3, 4)
    orders = [hours[n % 5 :] + hours[: n % 5] for n in range(THREADS)]
    answers = at_once(
        [
            partial(hold, bancada, lead, slots(bancada, *order))
            for lead, order in zip(leads, orders, strict=True)
        ]
    )
    taken = [slot.inicio for _, got in answers for slot in got]
    assert len(taken) == len(set(taken)) == 5, "every hour is held, and by one lead"


def test_spans_that_touch_do_not_meet_and_spans_that_overlap_do(bancada: Bancada) -> None:
    [noon] = slots(bancada, 0)
    half = timedelta(minutes=30)
    overlapping = Horario(1, noon.inicio + half, noon.fim + half)
    touching = Horario(2, noon.fim, noon.fim + half)
    hold(bancada, bancada.lead(), [noon])
    _, got = hold(bancada, bancada.lead(), [overlapping, touching])
    assert got == (touching,)


def test_asking_twice_for_one_meeting_answers_what_it_got(bancada: Bancada) -> None:
    lead_id = bancada.lead()
    meeting, got = hold(bancada, lead_id, slots(bancada, 0, 1, 2))
    assert hold(bancada, lead_id, slots(bancada, 5), meeting) == (meeting, got)
    assert len(busy(bancada)) == 3


def test_nothing_free_leaves_no_open_proposal(bancada: Bancada) -> None:
    hold(bancada, bancada.lead(), slots(bancada, 0))
    lead_id = bancada.lead()
    _, got = hold(bancada, lead_id, slots(bancada, 0))
    assert got == ()
    with bancada.uow() as uow:
        assert service.open_proposal(uow, lead_id) is None


def test_an_expired_hold_is_free_for_others_and_for_its_own_lead_if_nobody_came(
    bancada: Bancada,
) -> None:
    first, second = bancada.lead(), bancada.lead()
    meeting, got = hold(bancada, first, slots(bancada, 0, 1))
    bancada.avancar(RESERVA)
    assert busy(bancada) == []
    other, _ = hold(bancada, second, slots(bancada, 0))
    assert not take(bancada, meeting, got[0]), "another lead holds it now"
    assert take(bancada, meeting, got[1]), "nobody came for it"
    assert take(bancada, meeting, got[1]), "taking twice is one"
    assert busy(bancada) == [got[0].inicio, got[1].inicio]
    assert estados(bancada, other) == {1: "segurado"}


def test_the_timer_of_a_hold_frees_it_without_anybody_asking(bancada: Bancada) -> None:
    meeting, _ = hold(bancada, bancada.lead(), slots(bancada, 0, 1))
    bancada.avancar(RESERVA)
    worker = bancada.system.worker(("alquimista_plataforma",))
    assert bancada.system.ticker.tick() == 1
    while worker.run_once(5):
        continue
    assert set(estados(bancada, meeting).values()) == {"liberado"}


def tick(bancada: Bancada) -> int:
    """Let the timers that are due do their work; answers how many were due."""
    worker = bancada.system.worker(("alquimista_plataforma",))
    due = bancada.system.ticker.tick()
    while worker.run_once(5):
        continue
    return due


def test_a_slot_taken_by_a_run_that_died_comes_free_by_itself(bancada: Bancada) -> None:
    meeting, got = hold(bancada, bancada.lead(), slots(bancada, 0, 1))
    assert take(bancada, meeting, got[1])
    bancada.avancar(RESERVA)
    assert tick(bancada) == 1
    assert estados(bancada, meeting) == {1: "liberado", 2: "segurado"}, "the run may still live"
    assert not gets(bancada, bancada.lead(), got[1:])
    bancada.avancar(HORARIO_TOMADO_POR - RESERVA)
    assert busy(bancada) == [], "expired, before any timer"
    assert tick(bancada) == 1, "the first timer set the next"
    assert estados(bancada, meeting) == {1: "liberado", 2: "liberado"}
    assert gets(bancada, bancada.lead(), got[1:])
    with pytest.raises(PermanentError, match="gone"):
        confirm(bancada, meeting, got[1])


def test_a_run_that_comes_back_takes_its_slot_again_for_the_whole_time(bancada: Bancada) -> None:
    meeting, got = hold(bancada, bancada.lead(), slots(bancada, 0))
    assert take(bancada, meeting, got[0])
    bancada.avancar(HORARIO_TOMADO_POR / 2)
    assert take(bancada, meeting, got[0])
    bancada.avancar(HORARIO_TOMADO_POR / 2 + timedelta(minutes=1))
    tick(bancada)
    assert not gets(bancada, bancada.lead(), got)
    confirm(bancada, meeting, got[0])
    bancada.avancar(HORARIO_TOMADO_POR)
    tick(bancada)
    assert busy(bancada) == [got[0].inicio], "a confirmed slot never expires"


def test_a_lead_and_its_rival_take_an_expired_hour_at_once(bancada: Bancada) -> None:
    for hour in range(4):
        wanted = slots(bancada, hour)
        mine, _ = hold(bancada, bancada.lead(), wanted)
        rivals = [bancada.lead() for _ in range(3)]
        bancada.avancar(RESERVA)
        calls = [
            partial(take, bancada, mine, wanted[0]),
            *(partial(gets, bancada, lead, wanted) for lead in rivals),
        ]
        assert sum(at_once(calls)) == 1


def test_confirming_frees_the_other_hours(bancada: Bancada) -> None:
    meeting, got = hold(bancada, bancada.lead(), slots(bancada, 0, 1, 2))
    assert take(bancada, meeting, got[1])
    confirm(bancada, meeting, got[1])
    confirm(bancada, meeting, got[1])
    assert estados(bancada, meeting) == {1: "liberado", 2: "confirmado", 3: "liberado"}
    assert busy(bancada) == [got[1].inicio]
    assert len(hold(bancada, bancada.lead(), slots(bancada, 0, 1, 2))[1]) == 2
    with bancada.uow() as uow:
        meeting_now = service.find(uow, meeting)
    assert (meeting_now.status, meeting_now.data_hora) == ("confirmado", got[1].inicio)
    assert bancada.rows("SELECT 1 FROM fibonacci_core.timers WHERE ref_id = :id", id=meeting) == []


def test_confirming_an_hour_that_went_to_another_changes_nothing(bancada: Bancada) -> None:
    meeting, got = hold(bancada, bancada.lead(), slots(bancada, 0, 1))
    bancada.avancar(RESERVA)
    hold(bancada, bancada.lead(), slots(bancada, 0))
    with pytest.raises(PermanentError, match="gone"):
        confirm(bancada, meeting, got[0])
    with bancada.uow() as uow:
        assert service.find(uow, meeting).status == "proposto"


@pytest.mark.parametrize("status", ["cancelado", "remarcado"])
def test_a_cancelled_meeting_gives_its_hour_back(bancada: Bancada, status: str) -> None:
    meeting, got = hold(bancada, bancada.lead(), slots(bancada, 0))
    take(bancada, meeting, got[0])
    confirm(bancada, meeting, got[0])
    ports = bancada.system.services.ports
    with bancada.uow() as uow:
        service.change_status(ports, uow, meeting, status, SISTEMA, uuid4())
    assert busy(bancada) == []
    assert len(hold(bancada, bancada.lead(), slots(bancada, 0))[1]) == 1
    with bancada.uow() as uow, pytest.raises(service.MudancaInvalida, match=status):
        service.change_status(ports, uow, meeting, "realizado", SISTEMA, uuid4())


def test_an_hour_of_a_cancelled_meeting_is_neither_taken_nor_confirmed(bancada: Bancada) -> None:
    lead_id = bancada.lead()
    meeting, got = hold(bancada, lead_id, slots(bancada, 0, 1))
    with bancada.uow() as uow:
        assert service.cancel_future(bancada.system.services.ports, uow, lead_id) == 1
    assert not take(bancada, meeting, got[0])
    with pytest.raises(VersionConflict):
        confirm(bancada, meeting, got[0])
    assert busy(bancada) == []


def agrees(bancada: Bancada, meeting: UUID, slot: Horario) -> bool:
    """Confirm, unless somebody has cancelled."""
    try:
        confirm(bancada, meeting, slot)
    except VersionConflict:
        return False
    return True


def cancels(bancada: Bancada, lead_id: UUID) -> bool:
    """Cancel all that a lead has before it."""
    with bancada.uow() as uow:
        return service.cancel_future(bancada.system.services.ports, uow, lead_id) > 0


def test_confirming_and_cancelling_at_once_end_in_one_of_the_two(bancada: Bancada) -> None:
    ends: set[str] = set()
    for hour in range(6):
        lead_id = bancada.lead()
        meeting, got = hold(bancada, lead_id, slots(bancada, hour))
        assert take(bancada, meeting, got[0])

        calls = [partial(agrees, bancada, meeting, got[0]), partial(cancels, bancada, lead_id)]
        if at_once(calls) == [False, True]:
            ends.add("late")
        with bancada.uow() as uow:
            status = service.find(uow, meeting).status
        ends.add(status)
        wanted = [got[0].inicio] if status == "confirmado" else []
        assert [b for b in busy(bancada) if b == got[0].inicio] == wanted
    assert ends <= {"late", "cancelado", "confirmado"}
    assert "proposto" not in ends


def test_two_people_cancel_one_meeting_and_the_agents_hear_of_it_once(bancada: Bancada) -> None:
    meeting, got = hold(bancada, bancada.lead(), slots(bancada, 0))
    take(bancada, meeting, got[0])
    confirm(bancada, meeting, got[0])
    ports = bancada.system.services.ports

    def cancel() -> bool:
        try:
            with bancada.uow() as uow:
                service.change_status(ports, uow, meeting, "cancelado", SISTEMA, uuid4())
        except service.MudancaInvalida:
            return False
        return True

    assert sorted(at_once([cancel] * 4)) == [False, False, False, True]
    told = bancada.rows(
        "SELECT 1 FROM fibonacci_core.events WHERE source = 'alquimista.agendamentos'"
    )
    assert len(told) == 1


def test_the_past_is_not_cancelled_with_the_future(bancada: Bancada) -> None:
    lead_id = bancada.lead()
    meeting, got = hold(bancada, lead_id, slots(bancada, 0))
    take(bancada, meeting, got[0])
    confirm(bancada, meeting, got[0])
    bancada.avancar(timedelta(days=3))
    with bancada.uow() as uow:
        assert service.cancel_future(bancada.system.services.ports, uow, lead_id) == 0
        assert service.find(uow, meeting).status == "confirmado"


def test_another_tenant_neither_sees_nor_blocks_an_hour(bancada: Bancada) -> None:
    other = Bancada.montar(bancada.system)
    meeting, got = hold(bancada, bancada.lead(), slots(bancada, 0))
    assert len(hold(other, other.lead(), got)[1]) == 1
    with other.uow() as uow, pytest.raises(NotFound):
        service.find(uow, meeting)
    assert not take(other, meeting, got[0])


def test_the_database_refuses_what_the_code_would_let_through(bancada: Bancada) -> None:
    meeting, _ = hold(bancada, bancada.lead(), slots(bancada, 0))
    with pytest.raises(Exception, match="ex_agendamento_horarios_um_por_vez"), bancada.uow() as uow:
        uow.connection.execute(
            text(
                "INSERT INTO nigredo_leads.agendamento_horarios "
                "(tenant_id, id, agendamento_id, numero, inicio, fim, estado) "
                "SELECT tenant_id, gen_random_uuid(), agendamento_id, 9, inicio, fim, estado "
                "FROM nigredo_leads.agendamento_horarios WHERE agendamento_id = :id"
            ),
            {"id": meeting},
        )
