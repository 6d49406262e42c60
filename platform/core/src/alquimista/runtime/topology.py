"""Queues and rules of the system, from the manifests of admitted agents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta

from alquimista.settings import QueueLimits, SettingsInvalid
from alquimista_sdk.manifest import Manifest
from fibonacci_bus.topology import Queue, Rule, Topology

TIMER_SOURCE = "alquimista.timer"
SENDER_QUEUE = "alquimista_disparos"
PLATFORM_QUEUE = "alquimista_plataforma"
WEBHOOK_QUEUE = "alquimista_webhooks"
DEMO_QUEUE = "fibonacci_demo"
CORE_QUEUES = frozenset({SENDER_QUEUE, PLATFORM_QUEUE, WEBHOOK_QUEUE, DEMO_QUEUE})
CORE_NAMESPACE = "alquimista"
EVERY_QUEUE = "*"
SENDER_TIMEOUT = timedelta(seconds=30)
WEBHOOK_TIMER = "webhook"
WEBHOOK_TIMEOUT = timedelta(seconds=15)
PLATFORM_TIMERS = ("rajada", "reserva", "arquivo", "fusoes", "titular")


def deadline_of(seconds: float, limit: timedelta | None) -> timedelta:
    """A consumer's deadline: its own time-out, or the installation's limit where shorter."""
    own = timedelta(seconds=seconds)
    return own if limit is None else min(own, limit)


def build_topology(
    manifests: Iterable[Manifest],
    *,
    visibility_factor: float = 6.0,
    limit: timedelta | None = None,
    limits: Mapping[str, QueueLimits] | None = None,
) -> Topology:
    """A queue per agent (visibility six times its time-out, decision 5) and the core's own.

    ``limits`` are those of the queues, by name.

    Raises:
        SettingsInvalid: limits for a queue that there is not.
    """
    core = deadline_of(SENDER_TIMEOUT.total_seconds(), limit) * visibility_factor
    queues = [
        Queue(SENDER_QUEUE, visibility_timeout=core),
        Queue(PLATFORM_QUEUE, visibility_timeout=core),
        Queue(WEBHOOK_QUEUE, visibility_timeout=WEBHOOK_TIMEOUT * visibility_factor),
        Queue(DEMO_QUEUE, visibility_timeout=timedelta(seconds=30)),
    ]
    rules = [
        Rule(
            "timers-disparo", {"source": [TIMER_SOURCE], "detail-type": ["disparo"]}, SENDER_QUEUE
        ),
        Rule(
            "timers-plataforma",
            {"source": [TIMER_SOURCE], "detail-type": list(PLATFORM_TIMERS)},
            PLATFORM_QUEUE,
        ),
        Rule(
            "timers-webhook",
            {"source": [TIMER_SOURCE], "detail-type": [WEBHOOK_TIMER]},
            WEBHOOK_QUEUE,
        ),
        Rule("demo", {"source": ["fibonacci.demo"]}, DEMO_QUEUE),
    ]
    for manifest in manifests:
        timeout = deadline_of(manifest.timeout_s, limit)
        queues.append(Queue(manifest.slug, visibility_timeout=timeout * visibility_factor))
        rules.extend(
            Rule(f"{manifest.slug}.{item.name}", item.pattern, manifest.slug)
            for item in manifest.subscriptions
        )
        rules.extend(
            Rule(
                f"{manifest.slug}.agenda.{item.name}",
                {
                    "source": [TIMER_SOURCE],
                    "detail-type": [item.name],
                    "detail": {"agente": [manifest.slug]},
                },
                manifest.slug,
            )
            for item in manifest.schedules
        )
    return Topology(_limited(queues, limits or {}), rules)


def _limited(queues: Sequence[Queue], limits: Mapping[str, QueueLimits]) -> list[Queue]:
    unknown = sorted(limits.keys() - {queue.name for queue in queues} - {EVERY_QUEUE})
    if unknown:
        raise SettingsInvalid(f"ALQUIMISTA_QUEUES: there is no queue {', '.join(unknown)}")
    every = limits.get(EVERY_QUEUE, QueueLimits())
    return [replace(queue, **asdict(limits.get(queue.name, every))) for queue in queues]
