"""Declarative base, and what every tenant table has."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import DateTime, ForeignKeyConstraint, Integer, MetaData, Table, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Root of every model. Times are always aware."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
    }


class TenantRow:
    """A row of one tenant: its id, its tenant, and the version that guards writes."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-20)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, sort_order=-10)
    versao: Mapped[int] = mapped_column(Integer, default=1, server_default="1", sort_order=100)


def tenant_table(schema: str, *constraints: Any) -> tuple[Any, ...]:
    """``__table_args__`` of a tenant table, whose primary key is (tenant_id, id)."""
    return (*constraints, {"schema": schema, "info": {"tenant": True}})


def tenant_fk(column: str, target: str) -> ForeignKeyConstraint:
    """A foreign key that starts with the tenant: keys bypass row-level security otherwise."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"])


def table_of(model: type[Base]) -> Table:
    """The table of a model, for statements of Core."""
    table = model.__table__
    assert isinstance(table, Table)
    return table
