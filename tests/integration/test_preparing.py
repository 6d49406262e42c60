"""Statements that repeat are prepared, and nothing but their cost changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.errors import FeatureNotSupported, LockNotAvailable, UndefinedTable
from psycopg2.extensions import connection
from psycopg2.extras import register_uuid
from sqlalchemy import Engine, make_url, text

from alquimista.db import preparing
from alquimista.db.preparing import AFTER, KEPT, LIFE_SECONDS, PreparingConnection
from alquimista.db.session import Database
from tests.conftest import TestTenant
from tests.database import Urls

_LEAD = (
    "INSERT INTO nigredo_leads.leads (tenant_id, id, empresa, chave_dedupe, status, versao, "
    "enriquecimento, pausado, token_conversa, created_at, updated_at, metadata) VALUES "
    "(:tenant, gen_random_uuid(), :empresa, :empresa, 'novo', 1, 'pendente', false, 0, :agora, "
    ":agora, '{}')"
)
_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
    _TEXT,
    st.binary(max_size=20),
    st.uuids(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([UTC, None])),
    st.timedeltas(timedelta(-10_000), timedelta(10_000)),
)
_ELEMENTS = (st.uuids(), _TEXT, st.integers(), _VALUES)
_LISTS = st.one_of(*(st.lists(each, max_size=3) for each in _ELEMENTS))
_QUESTIONS = (
    "SELECT %(a)s",
    "SELECT jsonb_build_array(%(a)s)::text, 100 %% 7",
    "SELECT pg_typeof(%(a)s)::text",
    "SELECT %(a)s IS NOT DISTINCT FROM %(a)s, coalesce(CAST(%(a)s AS text), 'none')",
    "WITH given AS (SELECT %(a)s AS a) SELECT a, count(*) FROM given GROUP BY a",
)


@pytest.fixture
def opened(fresh_database: Urls) -> Iterator[PreparingConnection]:
    found = _connect(fresh_database, PreparingConnection)
    yield found
    found.close()


@pytest.fixture
def plain(fresh_database: Urls) -> Iterator[connection]:
    found = _connect(fresh_database, None)
    yield found
    found.close()


def test_a_statement_that_repeats_is_prepared_once(opened: PreparingConnection) -> None:
    answers = [_ask(opened, "SELECT %(n)s + 1", {"n": n}) for n in range(AFTER + 5)]
    assert answers == [[(n + 1,)] for n in range(AFTER + 5)]
    assert _prepared(opened) == ["repeated_1"]


def test_a_statement_that_is_rare_is_not_prepared(opened: PreparingConnection) -> None:
    for n in range(AFTER):
        _ask(opened, "SELECT %(n)s + 1", {"n": n})
    assert _prepared(opened) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=_VALUES | _LISTS, question=st.sampled_from(_QUESTIONS))
def test_a_prepared_statement_answers_what_the_plain_one_does(
    opened: PreparingConnection, plain: connection, value: Any, question: str
) -> None:
    expected = _outcome(plain, question, value)
    for _ in range(AFTER + 2):
        assert _outcome(opened, question, value) == expected


def test_the_law_of_equal_answers_is_tried_on_prepared_statements(
    opened: PreparingConnection,
) -> None:
    values = (5, 2**40, True, 1.5, uuid4(), date(2026, 1, 2), ["a", "b"], [7])
    for value in values:
        for _ in range(AFTER + 1):
            _ask(opened, _QUESTIONS[1], {"a": value})
    assert len(_prepared(opened)) == len(values)


def test_a_statement_prepared_for_one_tenant_shows_another_only_its_own(
    fresh_database: Urls, owner_engine: Engine, tenant: TestTenant, other_tenant: TestTenant
) -> None:
    with owner_engine.begin() as connection:
        for whose, empresa in ((tenant, "de A"), (other_tenant, "de B")):
            values = {"tenant": whose.id, "empresa": empresa, "agora": datetime.now(UTC)}
            connection.execute(text(_LEAD), values)
    database = Database(fresh_database.app, pool_size=1)
    for _ in range(AFTER + 3):
        for whose, empresa in ((tenant, "de A"), (other_tenant, "de B")):
            with database.unit_of_work(whose.id) as uow:
                found = uow.connection.execute(
                    text("SELECT empresa FROM nigredo_leads.leads WHERE versao = :versao"),
                    {"versao": 1},
                ).scalars()
                assert list(found) == [empresa]
    with database.anonymous() as connection:
        prepared = connection.exec_driver_sql("SELECT statement FROM pg_prepared_statements")
        assert any("nigredo_leads.leads" in statement for statement in prepared.scalars())
        seen = connection.execute(
            text("SELECT empresa FROM nigredo_leads.leads WHERE versao = :versao"), {"versao": 1}
        )
        assert list(seen.scalars()) == []
    database.dispose()


def test_where_the_server_cannot_prepare_the_transaction_goes_on(
    opened: PreparingConnection,
) -> None:
    with opened.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE kept (n int)")
        cursor.execute("INSERT INTO kept VALUES (%(n)s)", {"n": 1})
        for _ in range(AFTER + 3):
            cursor.execute("SELECT %(a)s IS NULL", {"a": "x"})
            assert cursor.fetchall() == [(False,)]
        cursor.execute("SELECT n FROM kept")
        assert cursor.fetchall() == [(1,)]
    assert _prepared(opened) == []


def test_a_statement_that_is_wrong_says_why_as_ever(opened: PreparingConnection) -> None:
    for _ in range(AFTER + 3):
        with pytest.raises(UndefinedTable, match="no_such_table"):
            _ask(opened, "SELECT * FROM no_such_table WHERE n = %(n)s", {"n": 1})
        opened.rollback()


@pytest.mark.parametrize("autocommit", [False, True])
def test_what_was_prepared_outlives_a_rollback_and_a_table_made_anew(
    opened: PreparingConnection, autocommit: bool
) -> None:
    opened.autocommit = autocommit
    for n in range(AFTER + 5):
        with opened.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE batch AS SELECT generate_series(1, 10) AS n")
            cursor.execute("SELECT count(*) FROM batch WHERE n > %(n)s", {"n": n})
            assert cursor.fetchone() == (max(10 - n, 0),)
            if autocommit:
                cursor.execute("DROP TABLE batch")
        opened.rollback()
    assert len(_prepared(opened)) == 1


def test_after_half_a_minute_a_plan_is_made_anew(
    opened: PreparingConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(preparing, "monotonic", lambda: clock[0])
    for n in range(AFTER + 2):
        _ask(opened, "SELECT %(n)s + 1", {"n": n})
    clock[0] += LIFE_SECONDS - 1
    _ask(opened, "SELECT %(n)s + 1", {"n": 1})
    assert _prepared(opened) == ["repeated_1"]
    clock[0] += 1
    assert _ask(opened, "SELECT %(n)s + 1", {"n": 1}) == [(2,)]
    assert _prepared(opened) == ["repeated_2"]


def test_a_plan_that_could_not_be_made_anew_is_made_the_next_time(
    opened: PreparingConnection, plain: connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(preparing, "monotonic", lambda: clock[0])
    with plain.cursor() as cursor:
        cursor.execute("CREATE TABLE locked AS SELECT 1 AS n")
        plain.commit()
        for _ in range(AFTER + 2):
            _ask(opened, "SELECT n FROM locked WHERE n = %(n)s", {"n": 1})
        opened.commit()
        clock[0] += LIFE_SECONDS
        cursor.execute("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE")
        with opened.cursor() as other, pytest.raises(LockNotAvailable):
            other.execute("SET LOCAL lock_timeout = '20ms'")
            other.execute("SELECT n FROM locked WHERE n = %(n)s", {"n": 1})
    opened.rollback()
    plain.rollback()
    assert _ask(opened, "SELECT n FROM locked WHERE n = %(n)s", {"n": 1}) == [(1,)]
    assert _prepared(opened) == ["repeated_3"]


def test_a_connection_keeps_only_so_many(opened: PreparingConnection) -> None:
    for number in range(KEPT + 7):
        for _ in range(AFTER + 1):
            _ask(opened, f"SELECT %(n)s + {number}", {"n": 1})
    assert _prepared(opened) == [f"repeated_{number + 1}" for number in range(7, KEPT + 7)]


def test_a_table_that_changed_fails_one_statement_and_no_other(
    opened: PreparingConnection, plain: connection
) -> None:
    with plain.cursor() as cursor:
        cursor.execute("CREATE TABLE changing AS SELECT 1 AS n")
    plain.commit()
    for _ in range(AFTER + 2):
        _ask(opened, "SELECT * FROM changing WHERE n = %(n)s", {"n": 1})
    opened.commit()
    with plain.cursor() as cursor:
        cursor.execute("ALTER TABLE changing ADD COLUMN m int DEFAULT 2")
    plain.commit()
    with pytest.raises(FeatureNotSupported):
        _ask(opened, "SELECT * FROM changing WHERE n = %(n)s", {"n": 1})
    opened.rollback()
    assert _ask(opened, "SELECT * FROM changing WHERE n = %(n)s", {"n": 1}) == [(1, 2)]


def test_many_rows_in_one_statement_are_neither_kept_nor_prepared(
    opened: PreparingConnection,
) -> None:
    names = [f"n{number}" for number in range(1_000)]
    question = f"SELECT {' + '.join(f'%({name})s' for name in names)}"
    for _ in range(AFTER + 2):
        assert _ask(opened, question, dict.fromkeys(names, 1)) == [(1_000,)]
    assert _prepared(opened) == []
    assert question not in opened.statements


def test_a_cursor_of_the_server_is_left_alone(opened: PreparingConnection) -> None:
    for _ in range(AFTER + 2):
        with opened.cursor("streamed") as cursor:
            cursor.execute("SELECT generate_series(1, %(n)s)", {"n": 3})
            assert cursor.fetchall() == [(1,), (2,), (3,)]
    assert _prepared(opened) == []


def test_behind_a_pooler_nothing_is_prepared(fresh_database: Urls) -> None:
    database = Database(fresh_database.app, pool_size=1, prepare=False)
    with database.anonymous() as connection:
        for n in range(AFTER + 3):
            connection.exec_driver_sql("SELECT %(n)s + 1", {"n": n})
        found = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements")
        assert found.scalar_one() == 0
    database.dispose()


def _connect(urls: Urls, factory: Callable[..., Any] | None) -> Any:
    url = make_url(urls.owner).set(drivername="postgresql")
    opened = psycopg2.connect(url.render_as_string(hide_password=False), connection_factory=factory)
    register_uuid(conn_or_curs=opened)
    return opened


def _ask(opened: connection, question: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with opened.cursor() as cursor:
        cursor.execute(question, values)
        return [
            tuple(bytes(cell) if isinstance(cell, memoryview) else cell for cell in row)
            for row in cursor.fetchall()
        ]


def _outcome(opened: connection, question: str, value: Any) -> str:
    try:
        return repr(_ask(opened, question, {"a": value}))
    except psycopg2.Error as error:
        return type(error).__name__
    finally:
        opened.rollback()


def _prepared(opened: connection) -> list[str]:
    with opened.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements ORDER BY prepare_time, name")
        return [name for (name,) in cursor.fetchall()]
