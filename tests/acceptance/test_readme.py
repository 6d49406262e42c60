"""What the README says is run: start, the way by hand with curl, Ctrl-C, and start again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.database import ROOT, server_home


def block(language: str, containing: str) -> str:
    """The README's code block of a language that contains a text."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)
    found: str = next(text for text in blocks if containing in text)
    return found


@contextmanager
def running(home: Path, port: int) -> Iterator[list[str]]:
    """``alquimista up``, until it has said that it is ready; ended by Ctrl-C."""
    environment = {
        **{k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        "ALQUIMISTA_HOME": str(home),
        "PORT": str(port),
        "LOG_LEVEL": "CRITICAL",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "alquimista.cli", "up"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line.rstrip("\n"))
            if line.startswith("Pronto"):
                break
        yield said
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        said.extend(rest.splitlines())
        said.append(f"exit {process.returncode}")


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def bash(script: str, port: int) -> str:
    """Run a script against the API; fails the test with what it said."""
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        env={**os.environ, "API": f"http://127.0.0.1:{port}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_readmes_way_by_hand_books_a_meeting_and_a_restart_finds_it() -> None:
    port = free_port()
    script = block("bash", "post /api/auth/login")
    with server_home() as home:
        with running(home, port) as said:
            promised = block("text", "Pronto. Ctrl-C encerra.").replace("8000", str(port))
            assert said == promised.strip().splitlines()
            output = bash(script, port)
            assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", output.splitlines()[-1])
        assert said[-2:] == ["Encerrado.", "exit 0"]

        with running(home, port) as said:
            signing_in = script.split("# 2.")[0]
            again = bash(f"{signing_in}\nget /api/agendamentos | field itens.0.status", port)
            assert again.strip() == "confirmado"
        assert said[-1] == "exit 0"


def test_the_readmes_commands_are_the_makefiles() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`?make ([a-z-]+)`?", readme))
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {"run", "test", "demo", "check"} <= named
    assert named <= targets
