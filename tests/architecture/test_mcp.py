"""``mcp`` is dear to import: one room does, and nothing on the way of a request reaches it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.test_sources import SOURCES, files, imported, relative

ROOM = "platform/integrations/src/alquimista_integrations/mcp/"
SDK = {"mcp", "mcp_types", "httpx2", "httpcore2", "uvicorn", "starlette"}
_PROBE = """
import sys, {module}
found = {sdk} & {{name.partition(".")[0] for name in sys.modules}}
sys.exit(", ".join(sorted(found)) or 0)
"""


def test_only_one_room_imports_the_sdk_and_what_it_brings() -> None:
    found = {relative(path) for path in files(*SOURCES) if imported(path) & SDK}
    assert found
    assert {path for path in found if not path.startswith(ROOM)} == set()


@pytest.mark.parametrize(
    "module",
    [
        "alquimista.app",
        "alquimista.bootstrap",
        "alquimista.cli",
        "alquimista.assistant.serving",
        "alquimista.tools.catalogue",
        "alquimista.workers",
    ],
)
def test_starting_a_process_imports_none_of_it(module: str) -> None:
    code = _PROBE.format(module=module, sdk=SDK)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
