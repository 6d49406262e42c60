"""Lists of what is made for each answer, such as the installed agents: pages like ``listing``'s.

The items of one caller are few and at hand as a whole; they are filtered, sorted and cut here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from alquimista.http.cursor import INVALIDO, CursorInvalido, read_cursor, write_cursor

Sorted = Callable[[Any], str | int]


@dataclass(frozen=True, slots=True)
class Inventory:
    """``chave`` names an item; ``ordens`` what it may be sorted by, a text or a whole number.

    A filter takes an item and the query's value. Items of one sort value follow by their names.
    """

    chave: Callable[[Any], str]
    ordens: Mapping[str, Sorted]
    filtros: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)

    def page(self, items: Iterable[Any], query: Mapping[str, Any]) -> dict[str, Any]:
        """``{"itens", "proximo"}`` of a query that ``pagina`` read.

        Raises:
            CursorInvalido: the cursor is not ours, or belongs to another order.
        """
        ordenar: str = query["ordenar"]
        value, down = self.ordens[ordenar.lstrip("-")], ordenar.startswith("-")
        asked = [(rule, query[name]) for name, rule in self.filtros.items() if name in query]
        found = [item for item in items if all(rule(item, wanted) for rule, wanted in asked)]
        found.sort(key=self.chave)
        found.sort(key=value, reverse=down)
        rest = self._after(found, value, ordenar, query.get("cursor"))
        shown = rest[: query["limite"]]
        last = shown[-1] if len(rest) > len(shown) else None
        proximo = None if last is None else write_cursor([ordenar, value(last), self.chave(last)])
        return {"itens": shown, "proximo": proximo}

    def _after(
        self, found: list[Any], value: Sorted, ordenar: str, cursor: str | None
    ) -> list[Any]:
        if not cursor:
            return found
        parts = read_cursor(cursor)
        if len(parts) != 3 or parts[0] != ordenar or not isinstance(parts[2], str):
            raise CursorInvalido(INVALIDO)
        _, seen, name = parts
        if found and type(seen) is not type(value(found[0])):
            raise CursorInvalido(INVALIDO)

        def beyond(item: Any) -> bool:
            own: Any = value(item)
            if own == seen:
                return self.chave(item) > name
            return bool(own < seen) if ordenar.startswith("-") else bool(own > seen)

        return [item for item in found if beyond(item)]
