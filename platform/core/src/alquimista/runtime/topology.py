"""Queues and rules of the system, from the manifests of admitted agents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from alquimista_sdk.manifest import Manifest
from fibonacci_bus.topology import Queue, Rule, Topology

TIMER_SOURCE = "alquimista.timer"
SENDER_QUEUE = "alquimista_disparos"
PLATFORM_QUEUE = "alquimista_plataforma"
DEMO_QUEUE = "fibonacci_demo"
SENDER_TIMEOUT = timedelta(seconds=30)
_VISIBILITY_FACTOR = 6


def build_topology(manifests: Iterable[Manifest]) -> Topology:
    """A queue per agent (visibility six times its time-out, decision 5) and the core's own."""
    queues = [
        Queue(SENDER_QUEUE, visibility_timeout=SENDER_TIMEOUT * _VISIBILITY_FACTOR),
        Queue(PLATFORM_QUEUE, visibility_timeout=SENDER_TIMEOUT * _VISIBILITY_FACTOR),
        Queue(DEMO_QUEUE, visibility_timeout=timedelta(seconds=30)),
    ]
    rules = [
        Rule(
            "timers-disparo", {"source": [TIMER_SOURCE], "detail-type": ["disparo"]}, SENDER_QUEUE
        ),
        Rule(
            "timers-plataforma",
            {"source": [TIMER_SOURCE], "detail-type": ["rajada", "reserva", "alerta"]},
            PLATFORM_QUEUE,
        ),
        Rule("demo", {"source": ["fibonacci.demo"]}, DEMO_QUEUE),
    ]
    for manifest in manifests:
        timeout = timedelta(seconds=manifest.timeout_s)
        queues.append(Queue(manifest.slug, visibility_timeout=timeout * _VISIBILITY_FACTOR))
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
    return Topology(queues, rules)
