"""The commands of ``docs/access.md`` work as they stand, from sign-up to removal."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.test_readme import free_port, running
from tests.database import ROOT, server_home

GUIDE = ROOT / "docs" / "access.md"


def commands() -> list[str]:
    """The guide's shell blocks, in order."""
    return re.findall(r"```bash\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_guide_works_from_sign_up_to_removal(tmp_path: Path) -> None:
    blocks = commands()
    assert len(blocks) == 7
    port = free_port()
    with server_home() as home, running(home, port):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(blocks)],
            cwd=tmp_path,
            env={**os.environ, "API": f"http://127.0.0.1:{port}"},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    proof = done.stdout[done.stdout.rindex('{"arquivos"') :]
    assert '"alquimista_platform.tenants":1' in proof.replace(" ", "")
    assert '"pessoas":2' in proof.replace(" ", "")
