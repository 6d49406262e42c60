"""Erasure and export of a data subject, store by store (decisions 25 and 26).

Every domain that keeps personal data of leads registers here, by name; nothing else knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from alquimista.db.session import UnitOfWork

Erase = Callable[[UnitOfWork, UUID], int]
Export = Callable[[UnitOfWork, UUID], Any]


@dataclass(frozen=True, slots=True)
class _Store:
    erase: Erase
    export: Export


class SubjectRegistry:
    """The stores of personal data, erased in the order in which they were registered."""

    def __init__(self) -> None:
        self._stores: dict[str, _Store] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the stores."""
        return tuple(self._stores)

    def register(self, name: str, erase: Erase, export: Export) -> None:
        """Add a store: ``erase`` answers how many records it cleared, ``export`` what it holds.

        Raises:
            ValueError: the name is taken; a certificate lists each store once.
        """
        if name in self._stores:
            raise ValueError(f"the store {name!r} is registered already")
        self._stores[name] = _Store(erase, export)

    def erase(self, uow: UnitOfWork, lead_id: UUID) -> Mapping[str, int]:
        """Erase a lead from every store in one transaction; answers the count of each.

        An error of one store leaves all as they were: there is no half erasure.
        """
        return {name: store.erase(uow, lead_id) for name, store in self._stores.items()}

    def export(self, uow: UnitOfWork, lead_id: UUID) -> Mapping[str, Any]:
        """What every store holds of a lead; stores that hold nothing are left out."""
        found = {name: store.export(uow, lead_id) for name, store in self._stores.items()}
        return {name: value for name, value in found.items() if value}
