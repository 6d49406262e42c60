"""What the worker needs of wherever its messages come from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from fibonacci_bus.errors import ErrorClass
    from fibonacci_bus.queues import Depth, Message
    from fibonacci_bus.topology import Topology


class MessageSource(Protocol):
    """Queues in PostgreSQL (``QueueReader``) or in SQS (``aws.sqs.SqsQueues``).

    Every answer that is a truth value is False where the receipt is old: somebody else has the
    message now.
    """

    @property
    def topology(self) -> Topology:
        """The queues' settings."""

    @property
    def keeps_order(self) -> bool:
        """Whether the queues alone keep messages of one ordering key apart."""

    def depth(self) -> dict[str, Depth]:
        """How full each queue is, by name."""

    def receive(self, queues: Sequence[str], limit: int = 10) -> list[Message]:
        """Take up to ``limit`` visible messages."""

    def ack_and_receive(
        self, handled: Sequence[Message], queues: Sequence[str], limit: int = 10
    ) -> list[Message]:
        """Remove handled messages and take the next ones."""

    def ack(self, messages: Sequence[Message]) -> int:
        """Remove handled messages; answers how many were ours."""

    def release(self, message: Message, delay: timedelta) -> bool:
        """Make a message visible again after ``delay``."""

    def extend(self, message: Message, visibility: timedelta) -> bool:
        """Keep a message invisible longer."""

    def give_back(self, message: Message) -> bool:
        """Undo a receive that was cut short through no fault of the message."""

    def resend_delayed(self, message: Message, delay: timedelta) -> bool:
        """Put a message back, unreceived, for ``delay``: no receive is burnt.

        In PostgreSQL it keeps its place in the order; SQS gets a delayed copy.
        """

    def pause(self, message: Message) -> bool:
        """Put a message away, unreceived, while its partition is paused.

        In PostgreSQL until it is resumed; SQS gets a copy that comes again after 15 minutes.
        """

    def dead_letter(self, message: Message, error_class: ErrorClass, error: str) -> bool:
        """Move a message to the dead letters with its error."""

    def dead_letter_exhausted(self, message: Message) -> bool:
        """Move a message whose attempts are spent to the dead letters, with its last error."""
