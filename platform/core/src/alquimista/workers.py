"""Worker threads and the tick, in one process."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import DBAPIError

from alquimista.bootstrap import System
from alquimista_sdk.errors import CriticalError

logger = logging.getLogger(__name__)
TICK_SECONDS = 1.0
SWEEP_SECONDS = 30.0
PURGE_SECONDS = 24 * 3600.0
FIRST_PURGE_SECONDS = 600.0


class WorkerThreads:
    """Starts threads that handle queues (all, or those named), one for due timers, one that purges
    once a day, and one that pushes leftovers where the bus is on AWS."""

    def __init__(
        self,
        system: System,
        threads: int = 2,
        queues: tuple[str, ...] | None = None,
        tick_seconds: float = TICK_SECONDS,
        purge_seconds: float = PURGE_SECONDS,
    ) -> None:
        self._system = system
        self._count = threads
        self._queues = queues
        self._tick_seconds = tick_seconds
        self._purge_seconds = purge_seconds
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.failed: BaseException | None = None

    def start(self) -> None:
        """Start every thread."""
        jobs = [
            ("tick", self._tick),
            ("purge", self._purge),
            ("sweep", self._sweep),
            *((f"worker-{i}", self._work) for i in range(self._count)),
        ]
        for name, job in jobs:
            thread = threading.Thread(target=self._guard, args=(job,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 15.0) -> None:
        """Ask every thread to end after the message it is at, and wait."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout)

    def wait(self) -> None:
        """Block until ``stop`` is called or a thread fails.

        Raises:
            BaseException: what made a thread fail.
        """
        while not self._stop.wait(0.2):
            pass
        if self.failed is not None:
            raise self.failed

    def _guard(self, job: object) -> None:
        assert callable(job)
        try:
            job()
        except BaseException as error:
            logger.critical("a worker thread failed", exc_info=error)
            self.failed = error
            self._stop.set()

    def _work(self) -> None:
        self._system.home.listen(self._stop, self._system.worker(self._queues))

    def _sweep(self) -> None:
        """What a publisher left unpushed, because it died or AWS was away, goes out."""
        while not self._stop.wait(SWEEP_SECONDS):
            try:
                self._system.home.sweep()
                self._system.resume_suspended()
            except DBAPIError as error:
                logger.warning("sweep failed", extra={"error": type(error.orig).__name__})

    def _purge(self) -> None:
        """Soon after the start and then once a day, what is older than its retention goes."""
        wait = min(FIRST_PURGE_SECONDS, self._purge_seconds)
        while not self._stop.wait(wait):
            wait = self._purge_seconds
            try:
                self._system.purger.run()
                self._system.purge_access()
                self._system.purge_files()
                self._system.retencao.run()
            except DBAPIError as error:
                logger.warning("purge failed", extra={"error": type(error.orig).__name__})
            except CriticalError as error:
                logger.error("purge failed", exc_info=error)

    def _tick(self) -> None:
        while not self._stop.is_set():
            try:
                fired = self._system.ticker.tick()
            except DBAPIError as error:
                logger.warning("tick failed", extra={"error": type(error.orig).__name__})
                fired = 0
            if fired == 0:
                self._stop.wait(self._tick_seconds)
