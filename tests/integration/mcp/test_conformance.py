"""The protocol's own conformance suite, on our server and on our client.

``docs/mcp.md`` lists which scenarios apply and why others do not; ``make mcp-conformance`` installs
the suite and runs this.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from alquimista.assistant.serving import local, served
from alquimista_integrations.mcp.offer import OfferedTool, ToolSource
from alquimista_integrations.mcp.server import App, Receive, Scope, Send, build_server, http_app
from alquimista_sdk.errors import PermanentError
from tests.database import ROOT
from tests.integration.conftest import Way
from tests.integration.mcp.conftest import LEITURA, key, listening

SUITE = ROOT / ".mcp-conformance"
COMMAND = SUITE / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
REQUIRED = "MCP_CONFORMANCE"
PAGE = (ROOT / "docs" / "mcp.md").read_text(encoding="utf-8")
APPLIES = "yes"
BOTH_KEYS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}},
    "additionalProperties": False,
}
MIRRORED = {
    "type": "object",
    "properties": {"region": {"type": "string", "x-mcp-header": "Region"}},
    "required": ["region"],
}

pytestmark = [
    pytest.mark.skipif(
        not COMMAND.exists() and REQUIRED not in os.environ,
        reason="the suite is not installed: make mcp-conformance",
    ),
]


class WithSuiteTools:
    """An account's tools, and those that the suite calls by name."""

    def __init__(self, account: ToolSource) -> None:
        self._account = account

    def tools(self) -> Sequence[OfferedTool]:
        """Both."""
        nothing = {"type": "object"}
        return [
            *self._account.tools(),
            OfferedTool("test_simple_text", "Text", "Answers a text", nothing),
            OfferedTool("test_error_handling", "Error", "Always fails", nothing),
            OfferedTool("json_schema_2020_12_tool", "Schema", "Has a rich schema", BOTH_KEYS),
            OfferedTool("test_custom_header", "Header", "Mirrors an argument", MIRRORED),
        ]

    def call(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer as the suite expects, or as the account does."""
        if name == "test_simple_text":
            return {"texto": "This is a simple text response for testing."}
        if name == "test_error_handling":
            raise PermanentError("This tool intentionally returns an error for testing")
        if name == "test_custom_header":
            return dict(arguments)
        return self._account.call(name, arguments)


class WithKey:
    """Puts a key on every request: the suite sends no credential of its own."""

    def __init__(self, app: App, chave: str) -> None:
        self._app = app
        self._header = (b"authorization", f"Bearer {chave}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["headers"] = [*scope["headers"], self._header]
        await self._app(scope, receive, send)


def table(title: str) -> dict[str, tuple[str, str]]:
    """Scenario → (``yes`` or ``no``, why), from a section of the page."""
    section = PAGE.split(f"### {title}\n", 1)[1].split("\n#", 1)[0]
    rows = re.findall(r"^\| (`[^|]+) \| (\S+) \|(.*)\|$", section, re.MULTILINE)
    return {name: (applies, why) for names, applies, why in rows for name in ticked(names)}


def ticked(names: str) -> list[str]:
    """The names between backticks."""
    return re.findall(r"`([^`]+)`", names)


def node(*arguments: str) -> str:
    """Run the suite; what it said."""
    done = subprocess.run(
        ["node", "--import", str(SUITE / "node.mjs"), str(COMMAND), *arguments],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    return done.stdout + done.stderr


def results(folder: Path, scenario: str) -> list[Any]:
    """The checks of a scenario that were kept in a folder."""
    (kept,) = folder.glob(f"*{scenario.replace('/', '-')}-20*/checks.json")
    found: list[Any] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def failures(checks: Sequence[Any], excused: Sequence[str] = ()) -> list[str]:
    """What failed, but for the checks that the page excuses; at least one must have passed."""
    assert any(check["status"] == "SUCCESS" for check in checks)
    return [
        f"{check['id']}: {check.get('errorMessage')}"
        for check in checks
        if check["status"] == "FAILURE" and check["id"] not in excused
    ]


@pytest.fixture(scope="module")
def on_server(mundo: Way, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The results of every scenario on the assistant's server of an account."""
    chave, folder = key(mundo, *LEITURA), tmp_path_factory.mktemp("servidor")
    account = local(mundo.system)

    def source_of(credential: str | None) -> ToolSource:
        return WithSuiteTools(account(credential))

    app = http_app(build_server(served(tools=False), source_of), source_of)
    with listening(WithKey(app, chave)) as url:
        node("server", "--url", url, "--suite", "all", "-o", str(folder))
        yield folder


@pytest.fixture(scope="module")
def listed() -> dict[str, list[str]]:
    """The suite's own lists of scenarios, by their first word: Server, Client."""
    found: dict[str, list[str]] = {}
    current = ""
    for line in node("list").splitlines():
        if line.endswith(":"):
            current = line.split()[0]
        elif line.startswith("  - "):
            found.setdefault(current, []).append(line.split()[1])
    return found


def test_the_page_says_of_every_scenario_whether_it_applies(listed: dict[str, list[str]]) -> None:
    assert set(table("Server")) == set(listed["Server"])
    assert set(table("Client")) == set(listed["Client"])


@pytest.mark.parametrize(
    "scenario", [name for name, (applies, _) in table("Server").items() if applies == APPLIES]
)
def test_the_server_passes_each_scenario_that_applies(on_server: Path, scenario: str) -> None:
    excused = ticked(table("Server")[scenario][1])
    assert failures(results(on_server, scenario), excused) == []


def test_the_client_passes_each_scenario_that_applies(tmp_path: Path) -> None:
    names = [name for name, (applies, _) in table("Client").items() if applies == APPLIES]
    command = f"{sys.executable} -m tests.integration.mcp.conformance_client"
    options = ("-o", str(tmp_path), "--timeout", "90000")

    def run(name: str) -> str:
        return node("client", "--command", command, "--scenario", name, *options)

    with ThreadPoolExecutor(2) as pool:
        said = dict(zip(names, pool.map(run, names), strict=True))
    for name in names:
        assert failures(results(tmp_path, name)) == [], said[name]
