"""Health: one broken part is told by name and hides no other."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from alquimista.files.store import FolderStore
from alquimista.http.services import Services
from alquimista.observability.health import (
    CHECKS,
    Componente,
    check_files,
    check_plugins,
    check_queues,
    check_signing_key,
    examine,
)
from alquimista.runtime.admission import Catalogue, RefusedAgent
from fibonacci_bus.queues import Depth


def _services(**parts: Any) -> Services:
    return cast(Services, SimpleNamespace(**parts))


def test_a_check_that_raises_is_one_failed_component() -> None:
    def broken(_: Services) -> Componente:
        raise RuntimeError("password=secret")

    found = examine(_services(), {"a": broken, "b": lambda _: Componente(True)})
    assert found["a"] == Componente(False, "falhou: RuntimeError")
    assert found["b"].ok


def test_a_refused_agent_is_listed_and_stops_nothing() -> None:
    refused = {"broken": RefusedAgent("broken", "boom")}
    agents: Any = {"toy": object()}
    found = check_plugins(_services(catalogue=Catalogue(agents, refused)))
    assert found.ok
    assert found.detalhes == {"admitidos": ["toy"], "recusados": ["broken"]}


def test_no_agent_at_all_is_not_ready() -> None:
    assert not check_plugins(_services(catalogue=Catalogue())).ok


def test_an_old_backlog_is_told_but_takes_nobody_out_of_service() -> None:
    depths = {"a": Depth(3, 0, 0, 3600.0), "b": Depth(0, 0, 5, 3600.0)}
    found = check_queues(_services(queues=SimpleNamespace(depth=lambda: depths)))
    assert found.ok
    assert found.detalhes["atrasadas"] == ["a"]
    assert found.detalhes["filas"]["a"]["mais_antiga_s"] == 3600


def test_files_are_written_and_removed(tmp_path: Any) -> None:
    ports = SimpleNamespace(files=FolderStore(tmp_path))
    assert check_files(_services(ports=ports)).ok
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_written_fails(tmp_path: Any) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    ports = SimpleNamespace(files=FolderStore(blocked))
    found = examine(_services(ports=ports), {"arquivos": check_files})
    assert not found["arquivos"].ok


def test_the_signing_key_is_named() -> None:
    access = SimpleNamespace(check_signing=lambda: "k1")
    assert check_signing_key(_services(access=access)).detalhes == {"kid": "k1"}


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_fails_alone_where_its_part_is_missing(name: str) -> None:
    assert not examine(_services(), {name: CHECKS[name]})[name].ok
