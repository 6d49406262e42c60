"""The pytest plugin of the SDK: tests of agents open no sockets.

It is active for tests of ``AgentContractTests`` subclasses, for tests marked ``no_network`` and
for tests that ask for the fixture ``no_sockets``; every other test is left alone. Only the call of
a test is guarded, not the fixtures around it.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import NoReturn

import pytest

MARKER = "no_network"
_CLASS = "alquimista_sdk.testing.contract"
_METHODS = ("connect", "connect_ex", "bind", "sendto")
_FUNCTIONS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_connection")


class NetworkForbidden(AssertionError):
    """A test of an agent reached for the network; use ``twin.answer_tool`` instead."""


@contextmanager
def forbid_sockets() -> Iterator[None]:
    """Make every attempt to connect, bind or look up a name raise ``NetworkForbidden``."""
    with pytest.MonkeyPatch.context() as patch:
        for name in _METHODS:
            patch.setattr(socket.socket, name, _refuse, raising=True)
        for name in _FUNCTIONS:
            patch.setattr(socket, name, _refuse, raising=True)
        yield


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", f"{MARKER}: the test may open no socket")


@pytest.fixture
def no_sockets() -> Iterator[None]:
    """Forbid sockets for one test."""
    with forbid_sockets():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Guard the call of the tests that the module's docstring names."""
    if not _guarded(item):
        return (yield)
    with forbid_sockets():
        return (yield)


def _guarded(item: pytest.Item) -> bool:
    if item.get_closest_marker(MARKER) is not None:
        return True
    contract = sys.modules.get(_CLASS)
    owner = getattr(item, "cls", None)
    return (
        contract is not None
        and owner is not None
        and issubclass(owner, contract.AgentContractTests)
    )


def _refuse(*args: object, **kwargs: object) -> NoReturn:
    raise NetworkForbidden("tests of agents open no sockets; use twin.answer_tool")
