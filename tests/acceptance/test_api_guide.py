"""The commands of ``docs/api.md`` work as they stand, from sign-up to a verified delivery."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.test_readme import free_port, running
from tests.database import ROOT, server_home

ACCESS = (ROOT / "docs" / "access.md").read_text(encoding="utf-8")
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """A page's code blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_guide_works_from_sign_up_and_colleague_to_key_and_signed_webhook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALQUIMISTA_WEBHOOKS_LOCAIS", "127.0.0.1")
    verify, receiver = blocks(API, "python")
    (tmp_path / "verify.py").write_text(verify, encoding="utf-8")
    (tmp_path / "receiver.py").write_text(receiver, encoding="utf-8")
    access = blocks(ACCESS.split("## Settings")[0], "bash")
    commands = blocks(API, "bash")
    assert (len(access), len(commands)) == (5, 7)
    port = free_port()
    with server_home() as home, running(home, port):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join([*access, *commands])],
            cwd=tmp_path,
            env={**os.environ, "API": f"http://127.0.0.1:{port}"},
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "verified {" in done.stdout and '"cliente.novo"' in done.stdout, said
    lines = done.stdout.splitlines()
    assert lines[-1] == "entregue", said
    assert "3" in lines, "the three headers of limits"
    assert [line for line in lines if line in ("Cabos Litoral", "Prensas Vale")] == [
        "Cabos Litoral",
        "Prensas Vale",
    ], said
