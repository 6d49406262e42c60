"""The command line run in this process, its logging taken back afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alquimista.cli import main
from tests.database import Urls

Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, logging_restored: None) -> Command:
    """Run ``alquimista`` with a home of this test alone and without a database."""

    def run(*arguments: str, typed: bytes | str | None = None, urls: Urls | None = None) -> Result:
        environment = {
            "ALQUIMISTA_HOME": str(tmp_path / "casa"),
            "ALQUIMISTA_CHAVE": "07" * 32,
            "DATABASE_URL": urls.owner if urls is not None else "",
            "APP_DATABASE_URL": urls.app if urls is not None else "",
            "RELAY_DATABASE_URL": urls.relay if urls is not None else "",
        }
        return CliRunner().invoke(main, arguments, input=typed, env=environment)

    return run
