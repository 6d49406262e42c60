"""An event bus with EventBridge semantics on PostgreSQL; its AWS home is ``fibonacci_bus.aws``."""

from fibonacci_bus.breaker import Breaker, BreakerSettings
from fibonacci_bus.declaration import declared, topology_of
from fibonacci_bus.errors import (
    BreakerOpen,
    BusError,
    ErrorClass,
    EventTooLarge,
    InvalidDeclaration,
    InvalidPattern,
    LostClaim,
    Paused,
)
from fibonacci_bus.event import Event
from fibonacci_bus.metrics import Figures, figures
from fibonacci_bus.pattern import Pattern, compile_pattern
from fibonacci_bus.pausing import resume
from fibonacci_bus.ports import MessageSource
from fibonacci_bus.publisher import publish, redrive, send_to_queue
from fibonacci_bus.queues import Listener, Message, QueueReader
from fibonacci_bus.replay import Replayed, Selection, plan_replay, run_replay
from fibonacci_bus.retention import Retention, purge
from fibonacci_bus.standalone import TransactionConsumer, install, partition_scope
from fibonacci_bus.timers import Timer, Timers
from fibonacci_bus.topology import Queue, Rule, Topology
from fibonacci_bus.worker import Consumer, Worker

__all__ = [
    "Breaker",
    "BreakerOpen",
    "BreakerSettings",
    "BusError",
    "Consumer",
    "ErrorClass",
    "Event",
    "EventTooLarge",
    "Figures",
    "InvalidDeclaration",
    "InvalidPattern",
    "Listener",
    "LostClaim",
    "Message",
    "MessageSource",
    "Pattern",
    "Paused",
    "Queue",
    "QueueReader",
    "Replayed",
    "Retention",
    "Rule",
    "Selection",
    "Timer",
    "Timers",
    "Topology",
    "TransactionConsumer",
    "Worker",
    "compile_pattern",
    "declared",
    "figures",
    "install",
    "partition_scope",
    "plan_replay",
    "publish",
    "purge",
    "redrive",
    "resume",
    "run_replay",
    "send_to_queue",
    "topology_of",
]
