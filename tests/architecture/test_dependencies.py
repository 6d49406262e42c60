"""Every dependency has its reason, and the locks hold hashes and no index address."""

from __future__ import annotations

import re

import pytest

from tests.database import ROOT

_NAME = re.compile(r"^([A-Za-z0-9_.-]+)")
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.+) \|$", re.MULTILINE)


def required(file: str) -> set[str]:
    """The names of a requirements file."""
    lines = (ROOT / "requirements" / file).read_text().splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith(("#", "-"))]
    return {match[1] for line in wanted if (match := _NAME.match(line))}


def test_each_dependency_has_one_line_of_why() -> None:
    text = (ROOT / "docs" / "decisions" / "dependencies.md").read_text()
    listed = [name for name, _ in _ROW.findall(text)]
    assert sorted(listed) == sorted(required("prod.in") | required("dev.in"))


@pytest.mark.parametrize("file", ["prod.txt", "dev.txt"])
def test_a_lock_pins_with_hashes_and_names_no_index(file: str) -> None:
    text = (ROOT / "requirements" / file).read_text()
    pins = re.findall(r"^[a-z0-9][^\n]*==[^\n]*\\\n(?:    --hash=sha256:[0-9a-f]{64})", text, re.M)
    names = re.findall(r"^[a-z0-9][^\n]*==", text, re.M)
    assert len(pins) == len(names) > 20
    assert "://" not in re.sub(r"^\s*#.*$", "", text, flags=re.M)


def test_what_is_declared_is_locked() -> None:
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==", _lock("prod.txt"), re.M))
    assert required("prod.in") <= locked
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z]+\])?==", _lock("dev.txt"), re.M))
    assert required("dev.in") <= locked


def _lock(file: str) -> str:
    return (ROOT / "requirements" / file).read_text()
