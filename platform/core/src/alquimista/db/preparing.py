"""Statements that repeat are prepared: the server parses and plans them once, not at each call.

psycopg2 sends a statement's text with its values in it, so the server sees a new one each time;
reading it and planning it takes longer than most of ours run. psycopg 3 prepares what repeats by
itself ("Prepared statements" in its manual, whose thresholds are these); here SQL's own PREPARE and
EXECUTE do it, below SQLAlchemy, which notices nothing.

A statement is prepared with the types that its values have as literals, so that it means the same;
one that cannot be prepared is sent as it was. A plan was made for the tables' sizes of its time, so
it is made anew once it is old.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import isfinite
from time import monotonic
from typing import Any
from uuid import UUID

import psycopg2
import psycopg2.errors
from psycopg2.extensions import connection, cursor

AFTER = 5
"""Uses on one connection after which a statement is prepared (psycopg 3: ``prepare_threshold``)."""
KEPT = 100
"""Statements that a connection keeps, the last used (psycopg 3: ``prepared_max``)."""
LIFE_SECONDS = 30.0
_FORMS = 8
"""Combinations of types that one statement is prepared for."""
_LONGEST = 8_000
"""Characters. Longer ones are many rows in one statement, and another number of them next time."""
_PLACE = re.compile(r"%\((\w+)\)s|%%")
_PREPARABLE = re.compile(r"\s*(?:SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_UNKNOWN = "unknown"
"""What a literal in quotes is until its place says more: for strings, and for NULL."""
_TYPES: dict[type, str] = {
    str: _UNKNOWN,
    type(None): _UNKNOWN,
    UUID: "uuid",
    bool: "boolean",
    date: "date",
    timedelta: "interval",
    bytes: "bytea",
    psycopg2.Binary: "bytea",
}
"""The type of the literal that psycopg2 writes for a value; numbers and instants: ``_type``."""
_INT4 = 2**31
_INT8 = 2**63


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement as it was prepared, for values of certain types."""

    name: str
    execute: str
    made: float


@dataclass(slots=True)
class _Statement:
    """A text that came up, and by types of values what it was prepared as; None: refused."""

    body: str
    names: tuple[str, ...]
    preparable: bool
    uses: int = 0
    forms: dict[tuple[str, ...], _Form | None] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> _Statement:
        """Read a text of psycopg2's with named values; each place of a value is one of its own,
        since the same value may stand where another type is meant."""
        names: list[str] = []

        def numbered(place: re.Match[str]) -> str:
            name = place.group(1)
            if name is None:
                return "%"
            names.append(name)
            return f"${len(names)}"

        body = _PLACE.sub(numbered, text)
        single = ";" not in body and _PREPARABLE.match(body) is not None
        return cls(body, tuple(names), single)


class PreparingConnection(connection):
    """psycopg2's connection, for ``connection_factory``; its cursors prepare what repeats."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cursor_factory = PreparingCursor
        self.statements: OrderedDict[str, _Statement] = OrderedDict()
        self.prepared = 0


class PreparingCursor(cursor):
    """Sends a statement as it stands, or as EXECUTE where the connection has prepared it."""

    connection: PreparingConnection

    def execute(self, query: Any, vars: Any = None) -> None:
        """As psycopg2's, with the same errors and rows."""
        named = type(vars) is dict and len(vars) > 0
        if named and type(query) is str and len(query) <= _LONGEST and self.name is None:
            statement = self._known(query)
            statement.uses += 1
            if statement.preparable and statement.uses > AFTER:
                values = [vars[name] for name in statement.names]
                form = self._form(statement, values)
                if form is not None:
                    self._run(statement, form, values)
                    return
        super().execute(query, vars)

    def _run(self, statement: _Statement, form: _Form, values: Sequence[Any]) -> None:
        try:
            super().execute(form.execute, values)
        except psycopg2.errors.FeatureNotSupported:
            # Its tables have other columns now: the next run of it says what it selects anew.
            statement.preparable = False
            raise

    def _known(self, text: str) -> _Statement:
        known = self.connection.statements
        statement = known.get(text)
        if statement is not None:
            known.move_to_end(text)
            return statement
        if len(known) >= KEPT:
            oldest = next(iter(known))
            for types in tuple(known[oldest].forms):
                self._forget(known[oldest], types)
            del known[oldest]
        statement = known[text] = _Statement.of(text)
        return statement

    def _form(self, statement: _Statement, values: Sequence[Any]) -> _Form | None:
        """The statement prepared for such values; None where it is to be sent as it stands."""
        types = []
        for value in values:
            kind = _type(value)
            if kind is None:
                return None
            types.append(kind)
        said = tuple(types)
        form = statement.forms.get(said)
        if form is None:
            room = said not in statement.forms and len(statement.forms) < _FORMS
            return self._prepare(statement, said) if room else None
        if monotonic() - form.made < LIFE_SECONDS:
            return form
        self._forget(statement, said)
        return self._prepare(statement, said)

    def _prepare(self, statement: _Statement, types: tuple[str, ...]) -> _Form | None:
        """PREPARE in a subtransaction: where the server refuses, the transaction goes on."""
        self.connection.prepared += 1
        name = f"repeated_{self.connection.prepared}"
        prepare = f"PREPARE {name} ({', '.join(types)}) AS {statement.body}"
        alone = self.connection.autocommit
        try:
            super().execute(
                prepare if alone else f"SAVEPOINT preparing; {prepare}; RELEASE SAVEPOINT preparing"
            )
        except psycopg2.ProgrammingError:
            # What the server cannot infer a type in, or cannot do with a parameter, is sent with
            # its values in it: if it is wrong in itself, that says so.
            statement.forms[types] = None
            if not alone:
                super().execute("ROLLBACK TO SAVEPOINT preparing; RELEASE SAVEPOINT preparing")
            return None
        places = ", ".join(["%s"] * len(types))
        form = _Form(name, f"EXECUTE {name} ({places})", monotonic())
        statement.forms[types] = form
        return form

    def _forget(self, statement: _Statement, types: tuple[str, ...]) -> None:
        """Forgotten here as soon as there: what follows may fail."""
        form = statement.forms[types]
        if form is not None:
            super().execute(f"DEALLOCATE {form.name}")
        del statement.forms[types]


def _type(value: Any) -> str | None:
    """The type of a value's literal; None where there is not one, as of decimals (``1`` and ``1.5``
    are written as they are), and of lists of several."""
    kind = type(value)
    if kind is float:
        return "numeric" if isfinite(value) else "double precision"
    if kind is int:
        if -_INT4 <= value < _INT4:
            return "integer"
        return "bigint" if -_INT8 <= value < _INT8 else None
    if kind is datetime:
        return "timestamptz" if value.tzinfo is not None else "timestamp"
    if kind is list:
        return _type_of_list(value)
    return _TYPES.get(kind)


def _type_of_list(values: Sequence[Any]) -> str | None:
    """psycopg2 writes ``ARRAY[…]`` of the elements' literals, and an empty list as ``'{}'``."""
    if not values:
        return _UNKNOWN
    kinds = set(map(_type, values))
    if len(kinds) > 1 or None in values:
        return None
    (kind,) = kinds
    if kind is None or isinstance(values[0], list):
        return None
    return "text[]" if kind == _UNKNOWN else f"{kind}[]"
