"""An event bus with EventBridge semantics on PostgreSQL; its AWS home is ``fibonacci_bus.aws``."""

from fibonacci_bus.errors import BusError, ErrorClass, EventTooLarge, InvalidPattern, LostClaim
from fibonacci_bus.event import Event
from fibonacci_bus.pattern import Pattern, compile_pattern
from fibonacci_bus.ports import MessageSource
from fibonacci_bus.publisher import publish, redrive, send_to_queue
from fibonacci_bus.queues import Listener, Message, QueueReader
from fibonacci_bus.timers import Timer, Timers
from fibonacci_bus.topology import Queue, Rule, Topology
from fibonacci_bus.worker import Consumer, Worker

__all__ = [
    "BusError",
    "Consumer",
    "ErrorClass",
    "Event",
    "EventTooLarge",
    "InvalidPattern",
    "Listener",
    "LostClaim",
    "Message",
    "MessageSource",
    "Pattern",
    "Queue",
    "QueueReader",
    "Rule",
    "Timer",
    "Timers",
    "Topology",
    "Worker",
    "compile_pattern",
    "publish",
    "redrive",
    "send_to_queue",
]
