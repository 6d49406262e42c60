"""The glossary names every table, and every word of tables, columns and event names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

from sqlalchemy import Connection

from tests.architecture.schema import tables, views
from tests.database import ROOT

CORE_EVENTS = (
    "alquimista.importacoes.received",
    "alquimista.campanhas.approved",
    "alquimista.disparos.sent",
    "alquimista.disparos.refused",
    "alquimista.conversas.received",
    "alquimista.agendamentos.changed",
    "alquimista.timer",
)
_ROW = re.compile(r"^\| (?P<words>[^|]+) \| (?P<meaning>[^|]+) \|$", re.MULTILINE)


def section(title: str) -> str:
    """The text below one heading."""
    text = (ROOT / "docs" / "glossary.md").read_text()
    _, _, rest = text.partition(f"## {title}\n")
    return rest.partition("\n## ")[0]


def rows(title: str) -> Iterator[tuple[str, str]]:
    """Every word of a section's table with its meaning."""
    for match in _ROW.finditer(section(title)):
        for word in re.findall(r"[a-z0-9_]+", match["words"]):
            if word not in ("table", "word"):
                yield word, match["meaning"].strip()


def machinery() -> set[str]:
    """The English words."""
    return set(re.findall(r"[a-z]+", section("Words of the machinery").partition(":\n")[2]))


def words(name: str) -> set[str]:
    """The words of a table's, column's or event's name."""
    return set(re.split(r"[._-]", name))


def published() -> set[str]:
    """The events that the manifests of the agents declare."""
    names: set[str] = set()
    for path in sorted((ROOT / "plugins").glob("nigredo_*/src/*/agent.toml")):
        manifest = tomllib.loads(path.read_text())
        names.update(item["name"] for item in manifest.get("publishes", []))
        names.add(manifest["source"])
    return names


def test_every_table_is_in_the_glossary_and_nothing_else(catalogue: Connection) -> None:
    found = [*(table.name for table in tables(catalogue)), *views(catalogue)]
    there = {name.split(".")[1] for name in found}
    assert {name for name, _ in rows("Tables")} == there


def test_every_word_of_tables_and_columns_is_in_the_glossary(catalogue: Connection) -> None:
    known = {word for word, _ in rows("Words of the domain")} | machinery()
    unknown = {
        f"{table.name}.{column}": missing
        for table in tables(catalogue)
        for column in (table.name.split(".")[1], *table.columns)
        if (missing := words(column) - known)
    }
    assert unknown == {}


def test_every_word_of_event_names_is_in_the_glossary() -> None:
    known = {word for word, _ in rows("Words of the domain")} | machinery()
    names = published() | set(CORE_EVENTS)
    assert {name: missing for name in names if (missing := words(name) - known)} == {}


def test_no_word_is_listed_twice() -> None:
    domain = [word for word, _ in rows("Words of the domain")]
    assert sorted(domain) == sorted(set(domain))
    assert set(domain) & machinery() == set()


def test_every_line_says_something() -> None:
    assert all(len(meaning) >= 3 for _, meaning in (*rows("Tables"), *rows("Words of the domain")))
