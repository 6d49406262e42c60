"""The circuit breaker, shared through the database."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from fibonacci_bus import Event
from fibonacci_bus.breaker import Breaker, BreakerSettings
from fibonacci_bus.errors import BreakerOpen
from tests.conftest import TestTenant
from tests.integration.bus.rig import Permanent, Rig, Toy, Transient

MINUTE = 60.0
NORMAL = BreakerSettings()


def breaker(rig: Rig, name: str = "receita", settings: BreakerSettings = NORMAL) -> Breaker:
    """A fresh object, as another process would have: only the database is shared."""
    return Breaker(
        rig.database.scope,
        rig.tenant_id,
        name,
        is_failure=lambda error: isinstance(error, Transient),
        settings=settings,
    )


def fail(rig: Rig, times: int = 5) -> None:
    for _ in range(times):
        with pytest.raises(Transient), breaker(rig).guard():
            raise Transient("503")


def succeed(rig: Rig) -> None:
    with breaker(rig).guard():
        pass


def pass_time(rig: Rig) -> None:
    """As if the pause were over."""
    with rig.owner.begin() as connection:
        connection.execute(
            text(
                "UPDATE fibonacci_core.breakers SET open_until = clock_timestamp(), "
                "probe_until = least(probe_until, clock_timestamp())"
            )
        )


def test_five_failures_in_a_row_open_it_for_a_minute_in_every_process(rig: Rig) -> None:
    fail(rig, 4)
    succeed(rig)
    fail(rig, 5)
    with pytest.raises(BreakerOpen, match="receita") as caught, breaker(rig).guard():
        raise AssertionError("no call is made")
    assert MINUTE - 10 < caught.value.retry_after.total_seconds() <= MINUTE


def test_a_refusal_is_an_answer_and_no_failure(rig: Rig) -> None:
    fail(rig, 4)
    with pytest.raises(Permanent), breaker(rig).guard():
        raise Permanent("404")
    fail(rig, 4)
    succeed(rig)


def test_names_and_partitions_have_breakers_of_their_own(
    rig: Rig, other_tenant: TestTenant
) -> None:
    fail(rig)
    with breaker(rig, "agenda").guard():
        pass
    with Breaker(rig.database.scope, other_tenant.id, "receita").guard():
        pass


def test_after_the_pause_one_probe_goes_through_and_closes_it(rig: Rig) -> None:
    fail(rig)
    pass_time(rig)
    with breaker(rig).guard(), pytest.raises(BreakerOpen), breaker(rig).guard():
        raise AssertionError("only one probes")
    succeed(rig)
    fail(rig, 4)
    succeed(rig)


def test_a_probe_that_fails_opens_it_again(rig: Rig) -> None:
    fail(rig)
    pass_time(rig)
    fail(rig, 1)
    with pytest.raises(BreakerOpen) as caught, breaker(rig).guard():
        raise AssertionError("open again")
    assert caught.value.retry_after.total_seconds() > MINUTE - 10


def test_a_probe_that_dies_is_replaced_after_its_time_out(rig: Rig) -> None:
    fail(rig)
    pass_time(rig)
    short = BreakerSettings(probe_timeout=timedelta(milliseconds=200))
    dead = breaker(rig, settings=short).guard()
    dead.__enter__()
    with pytest.raises(BreakerOpen), breaker(rig).guard():
        raise AssertionError("the probe is still out")
    time.sleep(0.25)
    succeed(rig)


def test_an_interrupted_probe_leaves_the_turn_to_the_next(rig: Rig) -> None:
    fail(rig)
    pass_time(rig)
    with pytest.raises(KeyboardInterrupt), breaker(rig).guard():
        raise KeyboardInterrupt
    succeed(rig)


def test_a_late_answer_of_an_old_call_does_not_close_it(rig: Rig) -> None:
    with breaker(rig).guard():
        fail(rig)
    with pytest.raises(BreakerOpen), breaker(rig).guard():
        raise AssertionError("still open")


def test_of_eight_callers_one_probes(rig: Rig) -> None:
    fail(rig)
    pass_time(rig)
    passed: list[int] = []
    start = threading.Barrier(8)

    def call() -> None:
        start.wait()
        try:
            with breaker(rig).guard():
                passed.append(1)
                time.sleep(0.3)
        except BreakerOpen:
            return

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == 1


def test_an_event_stopped_by_an_open_breaker_waits_and_burns_no_attempt(rig: Rig) -> None:
    event = rig.event(ordering_key=f"lead-{uuid4()}")
    rig.publish(event)
    stopped = [1, 1, 1, 1, 1]

    def call(_event: Event, _attempt: int) -> None:
        if stopped:
            stopped.pop()
            raise Transient("cut off") from BreakerOpen("receita", timedelta(seconds=50))

    toy = Toy(action=call)
    worker = rig.worker(toy)
    for _ in range(6):
        worker.run_once()
        if stopped:
            (waiting,) = rig.messages()
            assert (waiting.hidden, waiting.receives) == (True, 0)
        rig.make_visible()
    assert toy.seen == [(event.id, 1)] * 6
    assert (rig.dead_letters(), rig.messages()) == ([], [])
