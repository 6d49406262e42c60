"""The bus: EventBridge's rules and SQS's queues, made of the declaration and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from alquimista_infra.alarms import QueueAlarms
from alquimista_infra.patterns import check_template
from fibonacci_bus.aws import BusDeclaration, QueueDeclaration, RuleDeclaration

EVENTBRIDGE = "events.amazonaws.com"
TARGET_RETRY_SECONDS = 24 * 3600
"""How long EventBridge tries to reach a queue; its own longest ("Retry policy")."""
TARGET_RETRIES = 185
_TARGET_ID = "queue"


class BusStack(cdk.Stack):
    """Event bus, rules, queues, dead letters, rights and alarms of one declaration.

    ``publish`` and ``consume`` are policies for whatever publishes and for whatever works on the
    queues; ``queues`` are by the topology's names.

    Raises:
        InvalidPattern: a rule cannot be said in a template, with the path of the fault.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        declaration: BusDeclaration,
        env: cdk.Environment | None = None,
    ) -> None:
        super().__init__(scope, name, env=env, termination_protection=True)
        for rule in declaration.rules:
            check_template(rule)
        self._declaration = declaration
        self._key = self._encryption()
        self.alarms = sns.Topic(self, "Alarms", enforce_ssl=True, master_key=self._key)
        self.alarms.grant_publish(iam.ServicePrincipal("cloudwatch.amazonaws.com"))
        self.bus = events.CfnEventBus(
            self,
            "Bus",
            name=declaration.bus_name,
            kms_key_identifier=self._key.key_arn,
            description="Events of the agents",
        )
        self.undelivered = self._queue("Undelivered", f"{declaration.bus_name}-undelivered")
        self.dead_letters = {queue.queue: self._dead_letters(queue) for queue in declaration.queues}
        self.queues = {queue.queue: self._work_queue(queue) for queue in declaration.queues}
        by_name = {queue.name: queue.queue for queue in declaration.queues}
        arns: dict[str, list[str]] = {}
        for rule in declaration.rules:
            made = self._rule(rule, self.queues[by_name[rule.queue_name]])
            arns.setdefault(by_name[rule.queue_name], []).append(made.attr_arn)
        for queue, rules in arns.items():
            _let_rules_send(self.queues[queue], rules)
        _let_rules_send(self.undelivered, [arn for rules in arns.values() for arn in rules])
        self.publish = self._may_publish()
        self.consume = self._may_consume()
        self._watch()
        cdk.CfnOutput(self, "AlarmsTopic", value=self.alarms.topic_arn)

    def _encryption(self) -> kms.Key:
        """One key for bus, queues and alarms; the services may use it for this account alone."""
        key = kms.Key(
            self,
            "Key",
            description="Events of the agents, on the bus and on their queues",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[
                    iam.ServicePrincipal(EVENTBRIDGE),
                    iam.ServicePrincipal("cloudwatch.amazonaws.com"),
                ],
                actions=["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        return key

    def _queue(
        self,
        construct_id: str,
        name: str,
        retention: cdk.Duration | None = None,
        visibility: cdk.Duration | None = None,
        wait: cdk.Duration | None = None,
        dead_letters: sqs.DeadLetterQueue | None = None,
    ) -> sqs.Queue:
        return sqs.Queue(
            self,
            construct_id,
            queue_name=name,
            retention_period=retention or cdk.Duration.days(14),
            visibility_timeout=visibility,
            receive_message_wait_time=wait,
            dead_letter_queue=dead_letters,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self._key,
            enforce_ssl=True,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )

    def _dead_letters(self, queue: QueueDeclaration) -> sqs.Queue:
        return self._queue(
            f"DeadLetters-{queue.name}",
            queue.dead_letter_name,
            retention=cdk.Duration.seconds(queue.dead_letter_retention_seconds),
        )

    def _work_queue(self, queue: QueueDeclaration) -> sqs.Queue:
        return self._queue(
            f"Queue-{queue.name}",
            queue.name,
            retention=cdk.Duration.seconds(queue.retention_seconds),
            visibility=cdk.Duration.seconds(queue.visibility_seconds),
            wait=cdk.Duration.seconds(queue.wait_seconds),
            dead_letters=sqs.DeadLetterQueue(
                max_receive_count=queue.max_receives, queue=self.dead_letters[queue.queue]
            ),
        )

    def _rule(self, rule: RuleDeclaration, queue: sqs.Queue) -> events.CfnRule:
        """The L1 rule takes the pattern as it is; the L2 one knows only some of its operators."""
        return events.CfnRule(
            self,
            f"Rule-{rule.name}",
            name=rule.name,
            event_bus_name=self.bus.ref,
            event_pattern=dict(rule.pattern),
            state="ENABLED",
            targets=[
                events.CfnRule.TargetProperty(
                    id=_TARGET_ID,
                    arn=queue.queue_arn,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                        arn=self.undelivered.queue_arn
                    ),
                    retry_policy=events.CfnRule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=TARGET_RETRY_SECONDS,
                        maximum_retry_attempts=TARGET_RETRIES,
                    ),
                )
            ],
        )

    def _may_publish(self) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self,
            "Publish",
            description="Puts events on the bus",
            statements=[
                iam.PolicyStatement(actions=["events:PutEvents"], resources=[self.bus.attr_arn]),
                self._may_use_key(),
            ],
        )

    def _may_consume(self) -> iam.ManagedPolicy:
        """Also sends: a message is put off, or sent again, as a copy of itself."""
        queues = [*self.queues.values(), *self.dead_letters.values()]
        return iam.ManagedPolicy(
            self,
            "Consume",
            description="Works on the queues of the bus",
            statements=[
                iam.PolicyStatement(
                    actions=[
                        "sqs:ReceiveMessage",
                        "sqs:DeleteMessage",
                        "sqs:ChangeMessageVisibility",
                        "sqs:SendMessage",
                        "sqs:GetQueueAttributes",
                        "sqs:GetQueueUrl",
                    ],
                    resources=[queue.queue_arn for queue in queues],
                ),
                self._may_use_key(),
            ],
        )

    def _may_use_key(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self._key.key_arn]
        )

    def _watch(self) -> None:
        watch = QueueAlarms(self, self.alarms)
        for queue in self._declaration.queues:
            watch.work_queue(queue, self.queues[queue.queue])
            watch.dead_letters(queue, self.dead_letters[queue.queue])
        watch.undelivered(self.undelivered)


def _let_rules_send(queue: sqs.Queue, rules: Sequence[str]) -> None:
    """EventBridge may send, for these rules alone ("Resource-based policies for SQS")."""
    if not rules:
        return
    queue.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(EVENTBRIDGE)],
            actions=["sqs:SendMessage"],
            resources=[queue.queue_arn],
            conditions={"ArnEquals": {"aws:SourceArn": list(rules)}},
        )
    )
