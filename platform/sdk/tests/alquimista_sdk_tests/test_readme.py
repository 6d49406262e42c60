"""The README's example is the package that it says it is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    blocks = re.findall(r"```(toml|python)\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert [kind for kind, _ in blocks] == ["toml", "toml", "python", "python"]
    _, manifest, agent, tests = (text for _, text in blocks)
    assert len([line for line in agent.splitlines() if line.strip()]) <= 20
    package = tmp_path / "exemplo_saudacao"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "agent.toml").write_text(manifest)
    (package / "agent.py").write_text(agent)
    (tmp_path / "test_exemplo.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "12 passed" in done.stdout
