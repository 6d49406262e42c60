"""Lists: one way to filter, sort and page, declared by each resource.

Pages are by cursor (keyset): the cursor holds the sort key and the id of the last row shown, so a
page costs the same at any depth, and rows that come in between move nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import marshmallow as ma
from marshmallow import validate
from sqlalchemy import BigInteger, ColumnElement, Row, Select, and_, func, or_, select, tuple_

from alquimista.db.session import UnitOfWork
from alquimista.http.cursor import (
    INVALIDO,
    LIMITE_MAXIMO,
    LIMITE_PADRAO,
    CursorInvalido,
    read_cursor,
    write_cursor,
)

Filter = Callable[[Any], ColumnElement[bool]]
_READERS: Mapping[type, Callable[[Any], Any]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    int: int,
    str: str,
    UUID: UUID,
}
_CURSOR_MAX = 2_000
_YEARS = (1900, 2200)
HOJE = "hoje"


class Momento(ma.fields.AwareDateTime):
    """A moment of a query, brought to UTC: PostgreSQL knows no zone beyond ±15:59."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        found: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            return found.astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type="datetime") from error


class Dia(ma.fields.String):
    """A day of the account's zone: AAAA-MM-DD, or ``hoje``, which only a clock can tell."""

    def __init__(self, *, metadata: Mapping[str, Any] | None = None) -> None:
        form = {"anyOf": [{"enum": [HOJE]}, {"format": "date"}]}
        super().__init__(metadata={**form, **(metadata or {})})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        found = super()._deserialize(value, attr, data, **kwargs)
        if found == HOJE:
            return HOJE
        try:
            return date.fromisoformat(found)
        except ValueError as error:
            raise ma.ValidationError("Use AAAA-MM-DD, ou hoje.") from error


def span_of(dia: date | str, agora: datetime, fuso: str) -> tuple[datetime, datetime] | None:
    """First moment of a day and of the next one, in a zone; None where no row can be."""
    zone = ZoneInfo(fuso)
    found = agora.astimezone(zone).date() if isinstance(dia, str) else dia
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        return None
    following = found + timedelta(days=1)
    return (
        datetime.combine(found, time(), zone).astimezone(UTC),
        datetime.combine(following, time(), zone).astimezone(UTC),
    )


def pagina(
    ordens: Sequence[str], padrao: str | None, **filtros: ma.fields.Field[Any]
) -> type[ma.Schema]:
    """The query of a list: its filters, and ``ordenar``, ``limite`` and ``cursor``.

    ``ordens`` are the fields that may be sorted by; a hyphen before one sorts downwards. Without
    ``padrao`` the order of a query that names none is the list's own affair.
    """
    choices = [choice for name in ordens for choice in (name, f"-{name}")]
    fields: dict[str, ma.fields.Field[Any]] = {
        **filtros,
        "ordenar": ma.fields.String(
            load_default=ma.missing if padrao is None else padrao,
            validate=validate.OneOf(choices),
            metadata={"description": "Campo da ordem; com hífen na frente, do maior ao menor"},
        ),
        "limite": ma.fields.Integer(
            load_default=LIMITE_PADRAO,
            validate=validate.Range(min=1, max=LIMITE_MAXIMO),
            metadata={"description": "Itens por página"},
        ),
        "cursor": ma.fields.String(
            validate=validate.Length(max=_CURSOR_MAX),
            metadata={"description": "O `proximo` da página anterior, na mesma ordem"},
        ),
    }
    return ma.Schema.from_dict(fields, name="Pagina")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one page, and the cursor of the next; None at the end."""

    rows: Sequence[Row[Any]]
    proximo: str | None

    def body(self, shown: Callable[[Row[Any]], Any] | None = None) -> dict[str, Any]:
        """``{"itens", "proximo"}``, each row as its columns or as ``shown`` makes it."""
        itens = [row._mapping if shown is None else shown(row) for row in self.rows]
        return {"itens": itens, "proximo": self.proximo}


@dataclass(frozen=True, slots=True)
class Listing:
    """A list over one tenant table: which query fields filter it and which columns sort it.

    A filter is a column that must equal the value, or a function of the value. ``consulta`` is
    selected from where the table alone is not enough; ``vazios`` stands for null in a column of
    ``ordens`` that may be empty; ``desempate`` is a whole number that orders rows of one value
    before their ids do. ``chave`` is what the selection calls the id of the table's row.
    """

    table: Any
    ordens: Mapping[str, Any]
    padrao: str
    filtros: Mapping[str, Any] = field(default_factory=dict)
    consulta: Select[Any] | None = None
    vazios: Mapping[str, Any] = field(default_factory=dict)
    desempate: Any = None
    chave: str = "id"

    def page(self, uow: UnitOfWork, query: Mapping[str, Any], *extra: ColumnElement[bool]) -> Page:
        """One page of the tenant's rows.

        Raises:
            CursorInvalido: the cursor is not ours, or belongs to another order.
        """
        limite: int = query["limite"]
        ordenar: str = query["ordenar"]
        rows = uow.connection.execute(self.statement(uow, query, *extra)).all()
        shown = rows[:limite]
        more = len(rows) > limite
        return Page(shown, self._cursor(ordenar, shown[-1]) if more else None)

    def statement(
        self, uow: UnitOfWork, query: Mapping[str, Any], *extra: ColumnElement[bool]
    ) -> Select[Any]:
        """The query of a page, one row longer than it so that the end is known."""
        name = query["ordenar"].lstrip("-")
        down = query["ordenar"].startswith("-")
        column = self._column(name)
        rest = [self.table.c.id] if self.desempate is None else [self.desempate, self.table.c.id]
        base = select(self.table) if self.consulta is None else self.consulta
        found = base.where(self.table.c.tenant_id == uow.tenant_id, *extra)
        for key, rule in self.filtros.items():
            if query.get(key) is not None:
                condition = rule(query[key]) if callable(rule) else rule == query[key]
                found = found.where(condition)
        after = self._after(query["ordenar"], query.get("cursor"))
        if after is not None:
            value, *shown = after
            # The first half alone is a range of the index; the second drops what was shown.
            edge = column <= value if down else column >= value
            beyond = column < value if down else column > value
            found = found.where(
                edge, or_(beyond, and_(column == value, tuple_(*rest) > tuple_(*shown)))
            )
        order = column.desc() if down else column.asc()
        return found.order_by(order, *rest).limit(query["limite"] + 1)

    def _column(self, name: str) -> Any:
        column = self.ordens[name]
        return func.coalesce(column, self.vazios[name]) if name in self.vazios else column

    def _cursor(self, ordenar: str, row: Row[Any]) -> str:
        name = ordenar.lstrip("-")
        value = row._mapping[name]
        value = self.vazios.get(name) if value is None else value
        written = value.isoformat() if isinstance(value, date) else value
        tie = [] if self.desempate is None else [row._mapping[self.desempate.name]]
        parts = [
            ordenar,
            str(written) if isinstance(written, UUID) else written,
            *tie,
            str(row._mapping[self.chave]),
        ]
        return write_cursor(parts)

    def _after(self, ordenar: str, cursor: str | None) -> tuple[Any, ...] | None:
        if not cursor:
            return None
        try:
            order, written, *tie, last = read_cursor(cursor)
            if order != ordenar or len(tie) != (self.desempate is not None):
                raise ValueError("another order")
            kind = self.ordens[ordenar.lstrip("-")].type.python_type
            value = _READERS[kind](written)
            if isinstance(value, datetime):
                value = _utc(value)
            top = 2**63 if isinstance(self.ordens[ordenar.lstrip("-")].type, BigInteger) else 2**31
            if isinstance(value, int) and not -top <= value < top:
                raise ValueError("out of range")
            if any(not -(2**31) <= int(n) < 2**31 for n in tie):
                raise ValueError("out of range")
            if isinstance(value, str) and "\x00" in value:
                raise ValueError("cannot be stored")
            return value, *map(int, tie), UUID(last)
        except (ValueError, TypeError, AttributeError, OverflowError) as error:
            raise CursorInvalido(INVALIDO) from error


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("naive moment")
    return moment.astimezone(UTC)
