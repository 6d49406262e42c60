"""A statement of the hot path, said to psycopg2 itself.

SQLAlchemy's way of running a text costs about as much again as a batch's statement; here only its
connection, transaction and errors are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import psycopg2
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_UNREACHABLE = frozenset(
    {
        "OperationalError",
        "AdminShutdown",
        "CrashShutdown",
        "CannotConnectNow",
        "InsufficientResources",
        "DiskFull",
        "TooManyConnections",
    }
)


def fetch(
    connection: Connection, statement: str, parameters: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    """Run a statement with psycopg2's own parameters, in the connection's transaction; its rows.

    Raises:
        DBAPIError: as SQLAlchemy raises it, also where the connection is gone.
    """
    try:
        cursor = connection.connection.cursor()
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = list(cursor.fetchall())
        cursor.close()
    except psycopg2.Error as error:
        if getattr(connection.connection.dbapi_connection, "closed", True):
            connection.exec_driver_sql("SELECT 1")  # SQLAlchemy finds out and empties its pool
        raise DBAPIError.instance(
            statement, None, error, psycopg2.Error, hide_parameters=True
        ) from error
    return rows


def array(values: Iterable[UUID | int | str]) -> str:
    """Identifiers or whole numbers as one literal of an array.

    PostgreSQL reads it at a stroke, where a list of psycopg2's is an expression for each element.
    """
    return f"{{{','.join(map(str, values))}}}"


def unreachable(error: DBAPIError) -> bool:
    """Whether the database went away or has no room, rather than refused a statement.

    No room is a full disk or no connection left (SQLSTATE 53000, 53100, 53300; PostgreSQL's
    "Error Codes"): no statement does better until there is some. Memory is not among them: a
    statement may ask for too much by itself.
    """
    return error.connection_invalidated or type(error.orig).__name__ in _UNREACHABLE


def why(error: DBAPIError) -> str:
    """What the server or the driver says, in one line and without a statement's values."""
    said = str(error.orig).strip().partition("\n")[0]
    return f"{type(error.orig).__name__}: {said}"
