"""How the command line says that something went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click
from sqlalchemy.exc import OperationalError

from alquimista.db.embedded import PostgresUnavailable
from alquimista.settings import SettingsInvalid
from alquimista_sdk.errors import AlquimistaError


class Falha(click.ClickException):
    """What went wrong, in the user's language; exit code 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it to standard error."""
        click.echo(f"Erro: {self.format_message()}", file=file, err=file is None)


@contextmanager
def errors() -> Iterator[None]:
    """Turn the errors that a person can do something about into ``Falha``."""
    try:
        yield
    except (AlquimistaError, PostgresUnavailable, SettingsInvalid) as error:
        raise Falha(str(error)) from error
    except OperationalError as error:
        raise Falha(f"o banco de dados não responde: {error.orig}") from error
