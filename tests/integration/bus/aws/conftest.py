"""moto's server for all of them, a bus of its own for each test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from moto.server import ThreadedMotoServer

from fibonacci_bus.aws import declare
from tests.integration.bus.aws.cloud import (
    Cloud,
    events_client,
    provision,
    sqs_client,
    unique_bus,
)
from tests.integration.bus.rig import Rig


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of moto's server on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloud(rig: Rig, endpoint: str) -> Iterator[Cloud]:
    """A provisioned bus over the rig's topology and database."""
    bus_name, prefix = unique_bus()
    events, sqs = events_client(endpoint), sqs_client(endpoint)
    declared = declare(rig.topology, bus_name=bus_name, prefix=prefix)
    provision(events, sqs, declared)
    yield Cloud(rig, events, sqs, declared)
    events.close()
    sqs.close()
