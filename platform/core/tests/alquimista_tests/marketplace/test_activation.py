"""The order of commit and hook around an activation, on stand-ins for the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from alquimista.db.session import Database
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.marketplace import activation, service
from alquimista.plataforma.marketplace.activation import Activations
from alquimista.plataforma.marketplace.service import Ativacao, GanchoFalhou
from alquimista.runtime.admission import AdmittedAgent, Catalogue
from alquimista.runtime.ports import Ports

TENANT = uuid4()


class Diary:
    """Stands for the database and the hooks, and writes down what happens in which order."""

    def __init__(self, done: Ativacao) -> None:
        self.lines: list[str] = []
        self.done = done
        self.fail = False

    @contextmanager
    def unit_of_work(self, tenant_id: UUID) -> Iterator[Any]:
        yield None
        self.lines.append("commit")

    def activate(self, *_: Any) -> Ativacao:
        self.lines.append("activate")
        return self.done

    def deactivate(self, *_: Any, motivo: str | None = None) -> bool:
        self.lines.append(f"deactivate {motivo}")
        return True

    def on_activate(self, tenant_id: UUID, slug: str) -> None:
        self._hook("on_activate")

    def on_upgrade(self, tenant_id: UUID, slug: str, from_version: str) -> None:
        self._hook(f"on_upgrade {from_version}")

    def on_deactivate(self, tenant_id: UUID, slug: str) -> None:
        self._hook("on_deactivate")

    def _hook(self, line: str) -> None:
        self.lines.append(line)
        if self.fail:
            raise RuntimeError("boom")


def _made(diary: Diary, monkeypatch: pytest.MonkeyPatch) -> Activations:
    monkeypatch.setattr(service, "activate", diary.activate)
    monkeypatch.setattr(service, "deactivate", diary.deactivate)
    monkeypatch.setattr(service, "is_active", lambda *_: True)
    monkeypatch.setattr(activation, "record", lambda *_, **kw: diary.lines.append(kw["resultado"]))
    agents: Mapping[str, AdmittedAgent] = {"toy": cast(AdmittedAgent, object())}
    return Activations(cast(Database, diary), cast(Ports, None), Catalogue(agents, {}), diary)


def test_the_hook_runs_after_the_activation_has_committed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    diary = Diary(Ativacao("toy", "1.0.0", None))
    _made(diary, monkeypatch).activate(TENANT, "toy", None, SISTEMA)
    assert diary.lines == ["activate", "commit", "on_activate"]


def test_a_new_version_is_told_the_former_one(monkeypatch: pytest.MonkeyPatch) -> None:
    diary = Diary(Ativacao("toy", "1.1.0", "1.0.0"))
    _made(diary, monkeypatch).activate(TENANT, "toy", None, SISTEMA)
    assert diary.lines == ["activate", "commit", "on_upgrade 1.0.0"]


def test_a_new_configuration_runs_no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    diary = Diary(Ativacao("toy", "1.0.0", "1.0.0"))
    _made(diary, monkeypatch).activate(TENANT, "toy", {}, SISTEMA)
    assert diary.lines == ["activate", "commit"]


def test_a_hook_that_fails_takes_the_activation_back(monkeypatch: pytest.MonkeyPatch) -> None:
    diary = Diary(Ativacao("toy", "1.0.0", None))
    diary.fail = True
    with pytest.raises(GanchoFalhou, match="RuntimeError: boom"):
        _made(diary, monkeypatch).activate(TENANT, "toy", None, SISTEMA)
    assert diary.lines == ["activate", "commit", "on_activate", "deactivate RuntimeError", "commit"]


def test_an_agent_cannot_refuse_to_go(monkeypatch: pytest.MonkeyPatch) -> None:
    diary = Diary(Ativacao("toy", "1.0.0", None))
    diary.fail = True
    assert _made(diary, monkeypatch).deactivate(TENANT, "toy", SISTEMA)
    assert diary.lines[-2:] == ["deactivate None", "commit"]
    assert "erro" in diary.lines
