"""What a caller is told while the database is away, has no room, or refuses a statement."""

from __future__ import annotations

import psycopg2
import psycopg2.errors
import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from alquimista.http import errors


def answer_to(error: Exception) -> tuple[int, dict[str, object]]:
    """Status and body of a route that fails so."""
    app = Flask(__name__)
    errors.register(app)

    def fail() -> str:
        raise error

    app.add_url_rule("/", view_func=fail)
    response = app.test_client().get("/")
    return response.status_code, response.get_json()


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT", {}, psycopg2.OperationalError("too many clients already")),
        OperationalError("INSERT", {}, psycopg2.errors.DiskFull("No space left on device")),
        PoolTimeout("QueuePool limit of size 5 overflow 5 reached"),
    ],
    ids=["no connection", "no disk", "no connection of the pool"],
)
def test_a_database_without_room_answers_503_in_the_one_shape(error: Exception) -> None:
    status, body = answer_to(error)
    assert status == 503
    assert set(body) == {"code", "status", "message", "errors", "trace_id"}
    assert body["status"] == "service_unavailable"
    assert body["message"] == errors.MENSAGENS[503]


def test_a_statement_that_the_database_refuses_answers_500() -> None:
    status, _ = answer_to(ProgrammingError("SELEC", {}, psycopg2.ProgrammingError("syntax error")))
    assert status == 500
