"""The plugin guards what it says, and nothing else."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from alquimista_sdk.testing.pytest_plugin import NetworkForbidden, forbid_sockets

SAMPLE = """
import socket
import types

import pytest

from alquimista_sdk.testing import AgentContractTests


def reach():
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", 9))


def test_others_are_left_alone():
    assert reach() != 0


@pytest.mark.no_network
def test_marked():
    reach()


def test_fixture(no_sockets):
    reach()


class TestAgent(AgentContractTests):
    module = types.ModuleType("exemplo.agent")
    skips = {name: "REASON" for name in vars(AgentContractTests) if name.startswith("test_")}

    def test_contract(self):
        reach()
"""


def run_pytest(folder: Path, sample: str) -> str:
    (folder / "test_sample.py").write_text(sample)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--strict-markers", "-rA"]
    done = subprocess.run(
        [*command, "--rootdir", str(folder), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )
    return done.stdout + done.stderr


def test_sockets_are_refused_in_guarded_tests_only(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, SAMPLE.replace("REASON", "um motivo"))
    assert "PASSED test_sample.py::test_others_are_left_alone" in output
    assert "FAILED test_sample.py::test_marked" in output
    assert "FAILED test_sample.py::test_fixture" in output
    assert "FAILED test_sample.py::TestAgent::test_contract" in output
    assert "3 failed, 1 passed, 11 skipped" in output
    assert "um motivo" in output


def test_a_skip_without_a_reason_is_an_error(tmp_path: Path) -> None:
    output = run_pytest(tmp_path, SAMPLE.replace('"REASON"', '" "'))
    assert "needs a written reason" in output
    assert "11 errors" in output
    output = run_pytest(tmp_path, SAMPLE.replace("skips = {name", "skips = {name + 'x'"))
    assert "skips names tests that do not exist" in output


def test_names_are_not_looked_up_and_ports_not_opened_while_forbidden() -> None:
    with forbid_sockets():
        with pytest.raises(NetworkForbidden):
            socket.getaddrinfo("localhost", 80)
        with pytest.raises(NetworkForbidden):
            socket.create_connection(("127.0.0.1", 9))
        with socket.socket() as found, pytest.raises(NetworkForbidden):
            found.bind(("127.0.0.1", 0))
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))


@pytest.mark.no_network
def test_a_marked_test_of_this_run_is_guarded() -> None:
    with socket.socket() as found, pytest.raises(NetworkForbidden):
        found.connect(("127.0.0.1", 9))


def test_the_fixture_guards_a_test_of_this_run(no_sockets: None) -> None:
    with socket.socket() as found, pytest.raises(NetworkForbidden):
        found.sendto(b"", ("127.0.0.1", 9))
