"""The bus's home on AWS: EventBridge and SQS move the events, PostgreSQL keeps them.

Events and the inbox live in the same tables as in the PostgreSQL home, and the same worker claims,
runs and commits. EventBridge's rules and SQS's queues take the place of ``queue_messages``. There
is no promise of order here: SQS's standard queues have none. One at a time per ordering key holds,
by the same leases.

Nothing of boto3 is imported before it is called; clients come from the caller.
``pip install fibonacci-bus[aws]`` brings what this package needs.
"""

from fibonacci_bus.aws.dead_letters import DeadLetters
from fibonacci_bus.aws.declaration import (
    BusDeclaration,
    QueueDeclaration,
    RuleDeclaration,
    declare,
)
from fibonacci_bus.aws.handler import lambda_handler
from fibonacci_bus.aws.poll import poll_forever
from fibonacci_bus.aws.publisher import EventBridgePublisher
from fibonacci_bus.aws.sqs import SqsQueues

__all__ = [
    "BusDeclaration",
    "DeadLetters",
    "EventBridgePublisher",
    "QueueDeclaration",
    "RuleDeclaration",
    "SqsQueues",
    "declare",
    "lambda_handler",
    "poll_forever",
]
