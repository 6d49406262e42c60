"""What source files may not do, and where they may not be."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database import ROOT

SOURCES = (
    "fibonacci_bus/src",
    "platform/sdk/src",
    "platform/integrations/src",
    "platform/core/src",
    *(f"plugins/{folder.name}/src" for folder in sorted((ROOT / "plugins").glob("nigredo_*"))),
)
BANNED_ROOMS = {"utils", "util", "helpers", "helper", "common", "misc"}
OURS = {"fibonacci_bus", "alquimista_sdk", "alquimista_integrations", "alquimista"}
ALLOWED = {
    "fibonacci_bus": set(),
    "alquimista_sdk": set(),
    "alquimista_integrations": {"alquimista_sdk"},
    "alquimista": {"alquimista_sdk", "fibonacci_bus", "alquimista_integrations"},
}
AUTOCOMMIT_ALLOWED = {
    "platform/core/src/alquimista/db/roles.py": "CREATE DATABASE runs outside transactions; "
    "a superuser's engine, never the app's",
    "fibonacci_bus/src/fibonacci_bus/listener.py": "LISTEN, on the relay's own connection",
    "fibonacci_bus/src/fibonacci_bus/queues.py": "the relay's single statements; it has no tenant",
}
_UNSCOPED = re.compile(r"set_config\([^)]*,\s*false\s*\)", re.IGNORECASE)
_SET_SESSION = re.compile(r"\bSET\s+(SESSION\s+)?app\.", re.IGNORECASE)


def files(*folders: str) -> Iterator[Path]:
    """Python files below folders of the repository."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def relative(path: Path) -> str:
    """The path as the repository names it."""
    return path.relative_to(ROOT).as_posix()


def plugins() -> list[str]:
    """The import names of the plugins."""
    return [folder.name for folder in sorted((ROOT / "plugins").glob("nigredo_*"))]


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def setup_cfg() -> configparser.ConfigParser:
    """The repository's setup.cfg."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_contracts_list_every_package() -> None:
    listed = setup_cfg()["importlinter"]["root_packages"].split()
    assert sorted(listed) == sorted([*OURS, *plugins()])
    for section in setup_cfg().sections():
        if section.startswith("importlinter:contract:"):
            text = setup_cfg()[section]
            named = set((text.get("modules", "") + text.get("source_modules", "")).split()) | set(
                text.get("forbidden_modules", "").split()
            )
            if named & set(plugins()):
                assert set(plugins()) <= named, section


def test_tests_types_and_coverage_look_at_every_distribution() -> None:
    tested = set(setup_cfg()["tool:pytest"]["testpaths"].split())
    typed = setup_cfg()["mypy"]["mypy_path"]
    measured = setup_cfg()["coverage:run"]["source"].split()
    assert sorted(measured) == sorted(SOURCES)
    for source in SOURCES:
        assert f"{source.removesuffix('src')}tests" in tested
        assert f"$MYPY_CONFIG_FILE_DIR/{source}" in typed
    assert "tests" in tested


@pytest.mark.parametrize("source", SOURCES)
def test_a_package_imports_of_ours_only_what_it_may(source: str) -> None:
    (package,) = (p.name for p in (ROOT / source).iterdir() if (p / "__init__.py").is_file())
    allowed = ALLOWED.get(package, {"alquimista_sdk"})
    ours = OURS | set(plugins())
    wrong = {
        relative(path): found
        for path in files(source)
        if (found := (imported(path) & ours) - allowed - {package})
    }
    assert wrong == {}


def test_platform_is_never_a_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_no_room_is_named_for_nothing() -> None:
    names = [
        relative(path)
        for path in files(*SOURCES, "tests", "fibonacci_bus/tests", "migrations")
        if path.stem in BANNED_ROOMS or BANNED_ROOMS & set(path.relative_to(ROOT).parent.parts)
    ]
    assert names == []


def test_a_tenant_never_outlives_its_transaction() -> None:
    """``set_config(..., false)`` leaks the tenant to the pool's next user."""
    wrong = [
        relative(path)
        for path in files(*SOURCES)
        if _UNSCOPED.search(path.read_text()) or _SET_SESSION.search(path.read_text())
    ]
    assert wrong == []


def test_no_engine_of_the_app_autocommits() -> None:
    """AUTOCOMMIT ends the transaction that the tenant is set for."""
    found = {relative(path) for path in files(*SOURCES) if "AUTOCOMMIT" in path.read_text()}
    assert found == set(AUTOCOMMIT_ALLOWED)


@pytest.mark.parametrize("room", ["domain.py", "models.py"])
def test_rules_know_no_framework_and_no_clock(room: str) -> None:
    banned = {"flask", "flask_smorest", "marshmallow", "requests", "boto3"}
    banned |= {"sqlalchemy"} if room == "domain.py" else set()
    clock = re.compile(r"datetime\.now\(|time\.time\(|date\.today\(|utcnow\(")
    rooms = [path for path in files(*SOURCES) if path.name == room]
    assert rooms, room
    for path in rooms:
        assert imported(path) & banned == set(), relative(path)
        assert not clock.search(path.read_text()), relative(path)
