"""Both homes are set up from one declaration, and send an event to the same queues."""

from __future__ import annotations

import json
from uuid import UUID

from alquimista.runtime.admission import admit_all, installed
from alquimista.runtime.core_events import CORE_EVENTS
from alquimista.runtime.topology import build_topology
from fibonacci_bus import Event, QueueReader, declared, publish, topology_of
from fibonacci_bus.aws import declare
from fibonacci_bus.aws.entry import address_of, entry_of
from tests.integration.bus.aws.cloud import events_client, provision, sqs_client, unique_bus
from tests.integration.bus.rig import Rig

Deliveries = set[tuple[str, UUID]]


def test_every_event_of_the_system_goes_to_the_same_queues_in_both_homes(
    rig: Rig, endpoint: str
) -> None:
    manifests = [agent.manifest for agent in admit_all(installed()).admitted.values()]
    told = json.dumps(declared(build_topology(manifests)))
    topology = topology_of(json.loads(told))
    names = [*CORE_EVENTS, *(item.name for m in manifests for item in m.publications)]
    events = [rig.event(*name.rsplit(".", 1)) for name in (*names, "fibonacci.demo.tick")]
    events += [
        rig.event("alquimista.timer", schedule.name, detail={"agente": manifest.slug})
        for manifest in manifests
        for schedule in manifest.schedules
    ]

    with rig.database.scope(rig.tenant_id) as connection:
        publish(connection, events, topology)
    reader, here = QueueReader(rig.database.relay_engine, topology), Deliveries()
    while messages := reader.receive(topology.names, 50):
        here |= {(message.queue, message.event_id) for message in messages}
        reader.ack(messages)

    bus_name, prefix = unique_bus()
    client, sqs = events_client(endpoint), sqs_client(endpoint)
    on_aws = declare(topology_of(json.loads(told)), bus_name=bus_name, prefix=prefix)
    provision(client, sqs, on_aws)
    for start in range(0, len(events), 10):
        entries = [entry_of(event, bus_name).request for event in events[start : start + 10]]
        assert client.put_events(Entries=entries)["FailedEntryCount"] == 0
    there = Deliveries()
    for queue in on_aws.queues:
        url = sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
        while found := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0
        ).get("Messages"):
            there |= {(queue.queue, address_of(item["Body"]).event_id) for item in found}
    assert there == here
    assert len({queue for queue, _ in here}) == len(topology.names) - 1, "sentimento has no rule"
    client.close()
    sqs.close()


def test_the_same_event_is_the_same_in_both_homes(rig: Rig) -> None:
    event: Event = rig.event(ordering_key="lead-1")
    address = address_of(json.dumps({"detail": json.loads(entry_of(event, "b").request["Detail"])}))
    assert (address.tenant_id, address.event_id) == (event.tenant_id, event.id)
    assert (address.ordering_key, address.queues) == ("lead-1", None)
