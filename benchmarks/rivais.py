"""The queues that the bus is measured against; runs in an environment of its own.

``python benchmarks/rivais.py NAME`` reads ``{"dsn", "redis", "jobs", "samples", "payload"}`` as
JSON from its standard input and writes ``{"version", "publish", "consume", "latencies"}``: jobs a
second, and seconds from a finished publish to its handler. One worker, acknowledgement after the
handler, PostgreSQL with its default durability, Redis without any.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

BATCH = 100
GAP_SECONDS = 0.02
PATIENCE_SECONDS = 60.0


class Clock:
    """Counts handled jobs; the first and the last give the rate."""

    def __init__(self) -> None:
        self.moments: list[float] = []
        self.starts: dict[str, float] = {}
        self.latencies: list[float] = []

    def handled(self, payload: str) -> None:
        """Called by every handler."""
        now = time.monotonic()
        mark = payload.partition("|")[0]
        if mark:
            # The handler may be faster than the return of the publish: then its time is nought.
            self.latencies.append(max(0.0, now - self.starts.get(mark, now)))
        else:
            self.moments.append(now)

    def rate(self) -> float:
        """Jobs a second between the first and the last."""
        return (len(self.moments) - 1) / (self.moments[-1] - self.moments[0])


CLOCK = Clock()


def timed(jobs: int, work: Callable[[], None]) -> float:
    """Jobs a second of a publisher."""
    begun = time.monotonic()
    work()
    return jobs / (time.monotonic() - begun)


def wait_for(condition: Callable[[], bool]) -> None:
    """Poll until it holds. Raises ``TimeoutError``."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the worker did not finish")
        time.sleep(0.005)


def sample(samples: int, payload: str, send: Callable[[str], object]) -> None:
    """Send one job at a time to an idle worker."""
    for number in range(samples):
        send(f"{number}|{payload}")
        CLOCK.starts.setdefault(str(number), time.monotonic())
        time.sleep(GAP_SECONDS)
    wait_for(lambda: len(CLOCK.latencies) == samples)


async def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the worker did not finish")
        await asyncio.sleep(0.005)


async def _sample(samples: int, payload: str, send: Callable[[str], Any]) -> None:
    for number in range(samples):
        await send(f"{number}|{payload}")
        CLOCK.starts.setdefault(str(number), time.monotonic())
        await asyncio.sleep(GAP_SECONDS)
    await _until(lambda: len(CLOCK.latencies) == samples)


def procrastinate(task: dict[str, Any]) -> float:
    """Concurrency 10, LISTEN/NOTIFY on."""
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=task["dsn"]))

    @app.task(name="job")
    async def job(payload: str) -> None:
        CLOCK.handled(payload)

    async def run() -> float:
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            begun = time.monotonic()
            for _ in range(task["jobs"] // BATCH):
                await job.batch_defer_async(*({"payload": task["payload"]} for _ in range(BATCH)))
            published = task["jobs"] / (time.monotonic() - begun)
            worker = asyncio.create_task(
                app.run_worker_async(concurrency=10, install_signal_handlers=False)
            )
            await _until(lambda: len(CLOCK.moments) == task["jobs"])
            await _sample(task["samples"], task["payload"], lambda p: job.defer_async(payload=p))
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
            return published

    return asyncio.run(run())


def pgqueuer(task: dict[str, Any]) -> float:
    """Batch 10, asyncpg."""
    import asyncpg
    from pgqueuer import AsyncpgDriver, PgQueuer, Queries

    async def run() -> float:
        sending, working = [await asyncpg.connect(task["dsn"]) for _ in range(2)]
        queries = Queries(AsyncpgDriver(sending))
        await queries.install()
        queue = PgQueuer(AsyncpgDriver(working))

        @queue.entrypoint("job")
        async def job(job: Any) -> None:
            CLOCK.handled(job.payload.decode())

        begun = time.monotonic()
        payload = task["payload"].encode()
        for _ in range(task["jobs"] // BATCH):
            await queries.enqueue(["job"] * BATCH, [payload] * BATCH, [0] * BATCH)
        published = task["jobs"] / (time.monotonic() - begun)
        worker = asyncio.create_task(queue.run(batch_size=10))
        await _until(lambda: len(CLOCK.moments) == task["jobs"])
        await _sample(
            task["samples"], task["payload"], lambda p: queries.enqueue("job", p.encode())
        )
        queue.shutdown.set()
        await asyncio.wait_for(worker, 20)
        await sending.close()
        await working.close()
        return published

    return asyncio.run(run())


def celery(task: dict[str, Any]) -> float:
    """The solo pool, the fastest for one worker; acknowledged late, without results."""
    from celery import Celery

    app = Celery("rivais", broker=task["redis"])
    app.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_prefetch_multiplier=10,
        broker_connection_retry_on_startup=True,
    )

    @app.task(name="job")
    def job(payload: str) -> None:
        CLOCK.handled(payload)

    def publish() -> None:
        for _ in range(task["jobs"]):
            job.delay(task["payload"])

    published = timed(task["jobs"], publish)
    worker = app.Worker(pool="solo", loglevel="ERROR", without_gossip=True, without_mingle=True)
    threading.Thread(target=worker.start, daemon=True).start()
    wait_for(lambda: len(CLOCK.moments) == task["jobs"])
    sample(task["samples"], task["payload"], job.delay)
    return published


def dramatiq(task: dict[str, Any]) -> float:
    """Eight threads, its default."""
    import dramatiq as library
    from dramatiq.brokers.redis import RedisBroker

    broker = RedisBroker(url=task["redis"])
    library.set_broker(broker)

    @library.actor
    def job(payload: str) -> None:
        CLOCK.handled(payload)

    def publish() -> None:
        for _ in range(task["jobs"]):
            job.send(task["payload"])

    published = timed(task["jobs"], publish)
    worker = library.Worker(broker, worker_threads=8)
    worker.start()
    wait_for(lambda: len(CLOCK.moments) == task["jobs"])
    sample(task["samples"], task["payload"], job.send)
    return published


def sqs(task: dict[str, Any]) -> float:
    """Moto's server over HTTP, batches of ten."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "endpoint_url": f"http://{host}:{port}",
        "region_name": "us-east-1",
        "aws_access_key_id": "a",
        "aws_secret_access_key": "b",
    }
    client = boto3.client("sqs", **settings)
    url = client.create_queue(QueueName="job")["QueueUrl"]

    def publish() -> None:
        for _ in range(task["jobs"] // 10):
            entries = [{"Id": str(n), "MessageBody": task["payload"]} for n in range(10)]
            client.send_message_batch(QueueUrl=url, Entries=entries)

    published = timed(task["jobs"], publish)

    def work() -> None:
        own = boto3.client("sqs", **settings)
        while True:
            answer = own.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
            messages = answer.get("Messages", [])
            for message in messages:
                CLOCK.handled(message["Body"])
            if messages:
                entries = [
                    {"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]}
                    for n, message in enumerate(messages)
                ]
                own.delete_message_batch(QueueUrl=url, Entries=entries)

    threading.Thread(target=work, daemon=True).start()
    wait_for(lambda: len(CLOCK.moments) == task["jobs"])
    sample(
        min(task["samples"], 30),
        task["payload"],
        lambda body: client.send_message(QueueUrl=url, MessageBody=body),
    )
    return published


RIVALS: dict[str, tuple[Callable[[dict[str, Any]], float], str]] = {
    "procrastinate": (procrastinate, "procrastinate"),
    "pgqueuer": (pgqueuer, "pgqueuer"),
    "celery": (celery, "celery"),
    "dramatiq": (dramatiq, "dramatiq"),
    "sqs": (sqs, "moto"),
}


def main() -> None:
    """Run one rival once."""
    run, package = RIVALS[sys.argv[1]]
    published = run(json.load(sys.stdin))
    answer = {
        "version": version(package),
        "publish": published,
        "consume": CLOCK.rate(),
        "latencies": CLOCK.latencies,
    }
    print(f"\n{json.dumps(answer)}", flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)  # workers in threads have no clean end in some of the libraries
