"""What died on SQS is a row of its tenant, once, and goes on its queue again from there."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from fibonacci_bus.aws import DeadLetters
from fibonacci_bus.aws.entry import Address, address_of, body_of
from tests.conftest import TestTenant
from tests.integration.bus.aws.cloud import Cloud
from tests.integration.bus.rig import Permanent, Toy


def failing(message: str = "no such lead") -> Toy:
    """A toy that can do nothing."""

    def action(_event: Any, _attempt: int) -> None:
        raise Permanent(message)

    return Toy(action=action)


def collect(cloud: Cloud) -> int:
    """Bring in what died."""
    return DeadLetters(cloud.sqs, cloud.declared).collect(cloud.rig.database.relay_engine)


def died(cloud: Cloud) -> None:
    """One event that died of a permanent error."""
    cloud.publish(cloud.rig.event(ordering_key="lead-1"))
    cloud.pump(failing()).invoke(cloud.url())


def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for a transaction that is over."""
    monkeypatch.setattr("fibonacci_bus.aws.dead_letters.REDRIVE_DELAY_SECONDS", 0)


def test_what_died_is_a_row_with_its_error_and_leaves_sqs(cloud: Cloud) -> None:
    died(cloud)
    assert collect(cloud) == 1
    (row,) = cloud.rig.dead_letters()
    assert (row.tenant_id, row.queue, row.ordering_key) == (cloud.rig.tenant_id, "c", "lead-1")
    assert (row.error_class, row.error_text) == ("permanent", "Permanent: no such lead")
    assert row.receives == 1
    assert cloud.dead_letters() == []
    assert collect(cloud) == 0


def test_what_sqs_buried_by_itself_has_the_last_error_that_the_inbox_knows(cloud: Cloud) -> None:
    event = cloud.rig.event()
    cloud.publish(event)
    for _ in range(4):
        for item in cloud.sqs.receive_message(QueueUrl=cloud.url(), WaitTimeSeconds=0).get(
            "Messages", []
        ):
            cloud.sqs.change_message_visibility(
                QueueUrl=cloud.url(), ReceiptHandle=item["ReceiptHandle"], VisibilityTimeout=0
            )
    assert collect(cloud) == 1
    (row,) = cloud.rig.dead_letters()
    assert (row.event_id, row.error_class) == (event.id, "transient")
    assert "never claimed" in row.error_text


def test_a_crash_between_row_and_removal_makes_no_second_row(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    died(cloud)
    monkeypatch.setattr("fibonacci_bus.aws.dead_letters._HIDDEN_SECONDS", 1)
    letters = DeadLetters(cloud.sqs, cloud.declared)
    with monkeypatch.context() as patch:

        def crash(**_: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr(cloud.sqs, "delete_message", crash)
        with pytest.raises(KeyboardInterrupt):
            letters.collect(cloud.rig.database.relay_engine)
    (first,) = cloud.rig.dead_letters()
    time.sleep(1.1)
    assert letters.collect(cloud.rig.database.relay_engine) == 1
    assert [row.id for row in cloud.rig.dead_letters()] == [first.id]


def test_a_strangers_message_stays_and_holds_up_nobody(cloud: Cloud) -> None:
    cloud.sqs.send_message(QueueUrl=cloud.dead_url(), MessageBody="spam")
    died(cloud)
    assert collect(cloud) == 1
    assert len(cloud.rig.dead_letters()) == 1
    told = cloud.sqs.get_queue_attributes(QueueUrl=cloud.dead_url(), AttributeNames=["All"])
    assert told["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert collect(cloud) == 0


def test_a_dead_letter_is_sent_again_once_with_fresh_attempts(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty(monkeypatch)
    died(cloud)
    collect(cloud)
    (row,) = cloud.rig.dead_letters()
    letters = DeadLetters(cloud.sqs, cloud.declared)
    scope, tenant_id = cloud.rig.database.scope, cloud.rig.tenant_id
    with scope(tenant_id) as connection:
        assert letters.redrive(connection, tenant_id, row.id)
    with scope(tenant_id) as connection:
        assert not letters.redrive(connection, tenant_id, row.id)
    assert cloud.count() == 1
    toy = Toy()
    assert cloud.pump(toy).invoke(cloud.url()) == []
    assert toy.seen == [(row.event_id, 1)]
    assert cloud.rig.dead_letters()[0].redriven_at is not None


def test_a_message_that_cannot_be_sent_leaves_the_dead_letter_as_it_was(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    died(cloud)
    collect(cloud)
    (row,) = cloud.rig.dead_letters()
    cloud.sqs.delete_queue(QueueUrl=cloud.url())
    letters = DeadLetters(cloud.sqs, cloud.declared)
    with (
        pytest.raises(cloud.sqs.exceptions.ClientError),
        cloud.rig.database.scope(cloud.rig.tenant_id) as connection,
    ):
        letters.redrive(connection, cloud.rig.tenant_id, row.id)
    assert cloud.rig.dead_letters()[0].redriven_at is None


def test_a_tenant_sends_no_dead_letter_of_another(cloud: Cloud, other_tenant: TestTenant) -> None:
    died(cloud)
    collect(cloud)
    (row,) = cloud.rig.dead_letters()
    letters = DeadLetters(cloud.sqs, cloud.declared)
    for claimed in (other_tenant.id, cloud.rig.tenant_id):
        with cloud.rig.database.scope(other_tenant.id) as connection:
            assert not letters.redrive(connection, claimed, row.id)
    assert cloud.count() == 0


@given(
    st.uuids(), st.uuids(), st.none() | st.text(), st.none() | st.frozensets(st.text(), max_size=3)
)
def test_a_body_of_our_own_is_read_as_it_was_written(
    tenant: UUID, event: UUID, key: str | None, queues: frozenset[str] | None
) -> None:
    address = Address(tenant, event, key, queues)
    body = body_of(address)
    assert address_of(body) == address
    assert set(json.loads(body)) == {"detail"}


def test_a_letter_of_a_queue_that_is_no_more_is_refused(cloud: Cloud) -> None:
    with cloud.rig.owner.begin() as connection:
        letter = uuid4()
        connection.execute(
            text(
                "INSERT INTO fibonacci_core.dead_letters (id, tenant_id, queue, event_id, "
                "error_class, error_text, receives) "
                "VALUES (:id, :tenant, 'gone', :event, 'permanent', 'x', 1)"
            ),
            {"id": letter, "tenant": cloud.rig.tenant_id, "event": uuid4()},
        )
    letters = DeadLetters(cloud.sqs, cloud.declared)
    with (
        pytest.raises(KeyError),
        cloud.rig.database.scope(cloud.rig.tenant_id) as connection,
    ):
        letters.redrive(connection, cloud.rig.tenant_id, letter)
