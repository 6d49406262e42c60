"""Personal data out of a request and back into its answer, for a service that must not see them.

Each value has a mark of its own, such as ``[nome 1]``, the same wherever it stands, so that the
service can still tell one from another. What stands for what never leaves this process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from alquimista.observability.anonymous import MARCAS, NOME, anonymous
from alquimista_sdk.errors import PermanentError

_MARK = re.compile(
    r"\[(?:" + "|".join(re.escape(mark[1:-1]) for mark in MARCAS) + r") \d+\]", re.IGNORECASE
)
_PERSON_KEYS = frozenset({"contato", "nome_contato", "nome_lead", "vendedor", "nome_vendedor"})
"""Keys whose value is a person's name, whatever it looks like."""
_DEEPEST = 20


class UnknownMark(PermanentError):
    """The answer holds a mark that stands for nothing: it cannot be put back."""

    code = "marca_desconhecida"


class Pseudonyms:
    """The marks of one request. ``nomes`` are names that are known to be somebody's."""

    def __init__(self, request: Any, nomes: Iterable[str] = ()) -> None:
        self._known = {name.strip() for name in [*nomes, *_names_in(request)] if name.strip()}
        self._taken = {mark.lower() for text in _texts(request) for mark in _MARK.findall(text)}
        self._mark_of: dict[tuple[str, str], str] = {}
        self._value_of: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def hide(self, value: Any) -> Any:
        """A JSON value whose texts, but no keys, hold marks in place of personal data."""
        if isinstance(value, str):
            return self._hide_text(value)
        if isinstance(value, Mapping):
            return {key: self.hide(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide(inner) for inner in value]
        return value

    def reveal(self, text: str) -> str:
        """A text with the values back in the place of their marks.

        Raises:
            UnknownMark: it holds a mark that nobody gave.
        """
        return _MARK.sub(self._value, text)

    def _hide_text(self, text: str) -> str:
        for name in sorted(self._known, key=len, reverse=True):
            whole = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
            text = whole.sub(lambda found: self._mark(NOME, found.group()), text)
        return anonymous(text, self._known, self._mark)

    def _mark(self, kind: str, value: str) -> str:
        known = self._mark_of.get((kind, value))
        if known is not None:
            return known
        while True:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            mark = f"{kind[:-1]} {self._counts[kind]}]"
            if mark.lower() not in self._taken:
                break
        self._mark_of[(kind, value)] = mark
        self._value_of[mark.lower()] = value
        return mark

    def _value(self, found: re.Match[str]) -> str:
        mark = found.group().lower()
        if mark in self._value_of:
            return self._value_of[mark]
        if mark in self._taken:
            return found.group()
        raise UnknownMark("A resposta traz uma marca que não existe.")


def _texts(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, str):
        return [value]
    if depth > _DEEPEST:
        return []
    inner: Iterable[Any] = ()
    if isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, list | tuple):
        inner = value
    return [text for each in inner for text in _texts(each, depth + 1)]


def _names_in(value: Any, depth: int = 0) -> list[str]:
    if depth > _DEEPEST or not isinstance(value, Mapping | list | tuple):
        return []
    if not isinstance(value, Mapping):
        return [name for each in value for name in _names_in(each, depth + 1)]
    own = [each for key, each in value.items() if key in _PERSON_KEYS and isinstance(each, str)]
    return own + [name for each in value.values() for name in _names_in(each, depth + 1)]
