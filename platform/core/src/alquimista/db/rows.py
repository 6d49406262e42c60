"""Changing one row by its key, with a statement that is built once per set of columns."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table, Update, bindparam, update

from alquimista.db.session import UnitOfWork


def set_columns(
    uow: UnitOfWork,
    table: Table,
    row_id: UUID,
    values: Mapping[str, Any],
    *,
    versao: int | None = None,
) -> int:
    """Set columns of one of the tenant's rows and count ``versao`` up; answers 1, or 0.

    0 means that there is no such row, or that it has another version than the one given.
    """
    parameters: dict[str, Any] = {"key_tenant": uow.tenant_id, "key_id": row_id}
    if versao is not None:
        parameters["key_versao"] = versao
    parameters |= {f"new_{name}": value for name, value in values.items()}
    return uow.connection.execute(
        _statement(table, tuple(values), versao is not None), parameters
    ).rowcount


@lru_cache(maxsize=256)
def _statement(table: Table, columns: tuple[str, ...], guarded: bool) -> Update:
    key = [
        table.c.tenant_id == bindparam("key_tenant"),
        table.c.id == bindparam("key_id"),
    ]
    if guarded:
        key.append(table.c.versao == bindparam("key_versao"))
    new = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}
    return update(table).where(*key).values(**new, versao=table.c.versao + 1)
