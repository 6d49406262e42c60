"""The package by itself: built, installed with two dependencies, and its README run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from fibonacci_bus import (
    ErrorClass,
    QueueReader,
    TransactionConsumer,
    Worker,
    figures,
    install,
    partition_scope,
    publish,
)
from tests.database import ROOT, Server, Urls, drop_database, unique_name
from tests.integration.bus.rig import DEFAULT_TOPOLOGY, Rig

BIN = Path(sys.executable).parent


def example() -> str:
    """The README's example."""
    readme = (ROOT / "fibonacci_bus" / "README.md").read_text(encoding="utf-8")
    [found] = re.findall(r"```python\n(import os.*?)```", readme, re.DOTALL)
    return str(found)


def run(*command: str | Path, **more: str) -> str:
    """Run a program; fails the test with what it said."""
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env=more
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def empty(postgres: Server) -> Iterator[str]:
    """The superuser's address of a database in which there is nothing."""
    engine = create_engine(postgres.admin, isolation_level="AUTOCOMMIT")
    name = unique_name()
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    url = engine.url.set(database=name).render_as_string(hide_password=False)
    engine.dispose()
    yield url
    drop_database(postgres, name)


def copy_installed(name: str, site: Path) -> None:
    """Install a distribution as this environment has it: no index is asked, nothing is built."""
    found = distribution(name)
    for file in found.files or ():
        if ".." not in file.parts:
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(found.locate_file(file)), target)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A virtual environment with the built wheel, SQLAlchemy and psycopg2; nothing from outside."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    wheels, home = tmp_path / "wheels", tmp_path / "venv"
    source = shutil.copytree(
        ROOT / "fibonacci_bus", tmp_path / "source", ignore=shutil.ignore_patterns("*.egg-info")
    )
    run(
        *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--no-index", "--wheel-dir", wheels, source),
        **environment,
    )
    [wheel] = wheels.glob("*.whl")
    python = home / "bin" / "python"
    run(sys.executable, "-m", "venv", "--without-pip", home, **environment)
    run(
        *(BIN / "uv", "pip", "install", "--offline", "--quiet", "--no-deps"),
        *("--python", python, wheel),
        **environment,
    )
    [site] = home.glob("lib/python3*/site-packages")
    for name in ("sqlalchemy", "psycopg2-binary", "typing-extensions"):
        copy_installed(name, site)
    return python


def test_the_built_wheel_runs_the_readme_with_two_dependencies(outside: Path, empty: str) -> None:
    code = example()
    assert len([line for line in code.splitlines() if line.strip()]) == 20
    for _ in range(2):
        assert run(outside, "-c", code, DATABASE_URL=empty) == "mail to Ana\n"
    needed = run(
        *(outside, "-c"),
        "from importlib.metadata import requires\n"
        "print(*(x for x in requires('fibonacci-bus') if 'extra ==' not in x), sep='\\n')",
    )
    assert needed.split() == ["sqlalchemy>=2.1", "psycopg2-binary"]
    typed = run(
        *(outside, "-c"),
        "from pathlib import Path; import fibonacci_bus as f\n"
        "print((Path(f.__file__).parent / 'py.typed').is_file())",
    )
    assert typed == "True\n"


def test_one_login_that_is_no_superuser_is_enough(bare_database: Urls, rig: Rig) -> None:
    engine = create_engine(bare_database.owner)
    try:
        assert install(engine)
        assert not install(engine), "a second time there is nothing to do"
        scope, tenant = partition_scope(engine), uuid4()
        seen: list[object] = []
        with scope(tenant) as connection:
            publish(connection, [rig.event(tenant_id=tenant)], DEFAULT_TOPOLOGY)
        consumer = TransactionConsumer("c", lambda connection, event: seen.append(event.tenant_id))
        reader = QueueReader(engine, DEFAULT_TOPOLOGY)
        worker = Worker(reader, scope, [consumer], lambda error: ErrorClass.TRANSIENT)
        while worker.run_once():
            continue
        assert seen == [tenant]
        with engine.begin() as connection:
            [item] = figures(connection).consumers
        assert (item.consumer, item.handled) == ("c", 1)
    finally:
        engine.dispose()


def test_what_a_handler_wrote_is_undone_where_it_fails(rig: Rig) -> None:
    event = rig.event()
    rig.publish(event)

    def handle(connection: object, _: object) -> None:
        raise RuntimeError("não")

    consumer = TransactionConsumer("c", handle)
    rig.worker(consumer).run_once()
    assert rig.inbox(event).status == "failed"


def test_the_api_reference_is_as_generated() -> None:
    assert run(sys.executable, ROOT / ".ci" / "api-reference", "--check") == ""
