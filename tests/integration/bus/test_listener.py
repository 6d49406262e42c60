"""Waiting for what is published: long polls, and threads that share a listener."""

from __future__ import annotations

import threading
from datetime import timedelta
from queue import Empty, SimpleQueue

import pytest

from fibonacci_bus import Listener
from tests.database import Urls
from tests.integration.bus.rig import Rig


class Noting(Listener):
    """Notes of each wait whether something was heard."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.heard: list[bool] = []

    def wait(self, timeout: float) -> bool:
        self.heard.append(super().wait(timeout))
        return self.heard[-1]


def test_a_long_poll_ends_when_something_is_published(
    rig: Rig, fresh_database: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fibonacci_bus.queues._LOOK_SECONDS", 10.0)
    listener = Noting(fresh_database.relay)
    event = rig.event()
    timer = threading.Timer(0.3, rig.publish, [event])
    timer.start()
    (message,) = rig.reader.receive_wait(listener, ["c"], timedelta(seconds=10))
    assert message.event_id == event.id
    assert listener.heard == [True, True], "its connection is new; then the publishing is heard"
    timer.join()
    assert rig.reader.receive_wait(listener, ["c"], timedelta(milliseconds=50)) == []
    listener.close()


def test_threads_that_share_a_listener_wake_in_turn(fresh_database: Urls, rig: Rig) -> None:
    listener = Listener(fresh_database.relay)
    assert listener.wait(10), "a new connection may have missed something"
    heard: SimpleQueue[bool] = SimpleQueue()
    threads = [threading.Thread(target=lambda: heard.put(listener.wait(30))) for _ in range(2)]
    for thread in threads:
        thread.start()
    rig.publish(rig.event())
    assert heard.get(timeout=10)
    with pytest.raises(Empty):
        heard.get(timeout=0.3)
    listener.wake()
    assert heard.get(timeout=10)
    for thread in threads:
        thread.join()
    listener.wake()
    assert not listener.wait(0.05), "nobody waited: the call is not kept"
    listener.close()
