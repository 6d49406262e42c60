"""The short form of ``make chaos``: some faults of two parts, and the whole count."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.database import ROOT

PARTS = {"storm": "0.03", "disk": "0.1"}
"""With the share of the faults. The other parts are held by tests of what they found."""


@pytest.mark.faults
@pytest.mark.parametrize("part", PARTS)
def test_faults_under_load_lose_nothing_and_repeat_nothing(part: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults", "--only", part, "--share", PARTS[part]],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=180,
        check=False,
    )
    if "skipped:" in done.stdout:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    [handled] = re.findall(r"effects in the database +([0-9]+)", done.stdout)
    assert int(handled) > 0
    verdict = done.stdout.splitlines()[-16:]
    for target in ("lost", "handled twice", "not handled", "out of order", "sent twice"):
        assert f"{target}: 0 (0) met" in done.stdout.splitlines(), verdict
