"""When somebody has to look: depth, age, and anything dead."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from fibonacci_bus.aws import QueueDeclaration

DEPTH = 10_000
"""Messages that wait on one queue: a night's import of the largest size, not yet worked off."""
AGE_SECONDS = 15 * 60
"""The oldest message; a suspended tenant's come back as new messages and do not count."""
_PERIOD = cdk.Duration.minutes(5)
_PERIODS = 3


class QueueAlarms:
    """Alarms of a stack, all of them told to one topic."""

    def __init__(self, scope: Construct, topic: sns.Topic) -> None:
        self._scope = scope
        self._action = actions.SnsAction(topic)

    def work_queue(self, queue: QueueDeclaration, made: sqs.Queue) -> None:
        """Too much waits for a quarter of an hour, or something waits too long."""
        self._alarm(
            f"Depth-{queue.name}",
            made.metric_approximate_number_of_messages_visible(period=_PERIOD, statistic="Maximum"),
            DEPTH,
            _PERIODS,
            f"More than {DEPTH} messages wait on {queue.name}",
        )
        self._alarm(
            f"Age-{queue.name}",
            made.metric_approximate_age_of_oldest_message(period=_PERIOD, statistic="Maximum"),
            AGE_SECONDS,
            _PERIODS,
            f"A message waits on {queue.name} for more than {AGE_SECONDS} s",
        )

    def dead_letters(self, queue: QueueDeclaration, made: sqs.Queue) -> None:
        """Something died (it was received, to be shown), or nobody collects what died."""
        self._alarm(
            f"Died-{queue.name}",
            made.metric_number_of_messages_received(period=_PERIOD, statistic="Sum"),
            0,
            1,
            f"An event died on {queue.name}: see GET /api/dead-letters",
        )
        self._alarm(
            f"Uncollected-{queue.name}",
            made.metric_approximate_number_of_messages_visible(period=_PERIOD, statistic="Maximum"),
            0,
            _PERIODS,
            f"Dead letters of {queue.name} are not collected: is the sweep running?",
        )

    def undelivered(self, made: sqs.Queue) -> None:
        """EventBridge could not reach a queue for a day."""
        self._alarm(
            "UndeliveredAlarm",
            made.metric_approximate_number_of_messages_visible(period=_PERIOD, statistic="Maximum"),
            0,
            1,
            "EventBridge could not deliver an event",
        )

    def _alarm(
        self,
        construct_id: str,
        metric: cloudwatch.Metric,
        threshold: int,
        periods: int,
        description: str,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self._scope,
            construct_id,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )
        alarm.add_alarm_action(self._action)
