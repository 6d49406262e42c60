"""A file whose process died before its row was committed goes after a day; the others stay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest

from alquimista.files.orphans import sweep
from alquimista.files.store import FolderStore
from alquimista.plataforma.identity.builtin import machine_time
from alquimista.prospeccao.disparos import service as disparos
from alquimista.prospeccao.importacoes import service as importacoes
from alquimista_sdk.models import Anexo
from tests.database import Server
from tests.integration.api.world import audited, open_way
from tests.integration.conftest import Way
from tests.integration.test_main_way import import_leads

PLANILHA = b"empresa;email\nCabos;a@cabos.com.br\n"
NOTHING = {"arquivos": 0, "inacabados": 0}


class Died(BaseException):
    """Stands for a kill: nothing of the process's own code runs after it."""


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant, after a day's work."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("orfaos")) as way:
        import_leads(way)
        way.advance(timedelta(days=1, hours=11))
        yield way


def store(way: Way) -> FolderStore:
    """Where the account's files are."""
    found = way.system.services.ports.files
    assert isinstance(found, FolderStore)
    return found


def keys(way: Way) -> set[str]:
    """The account's stored files."""
    return set(store(way).keys(way.tenant_id))


def upload(way: Way) -> Any:
    """Send a spreadsheet."""
    data = {"arquivo": (BytesIO(PLANILHA), "leads.csv")}
    return way.response("POST", "/api/leads/importacoes", data=data)


def age(way: Way, hours: float) -> None:
    """Make every file of the account so old on disk."""
    then = machine_time().timestamp() - hours * 3600
    for path in (way.system.settings.home / "arquivos" / str(way.tenant_id)).rglob("*"):
        os.utime(path, (then, then))


def with_attachment(way: Way) -> None:
    """A planned message with a file."""
    with way.uow() as uow:
        disparos.request(
            way.system.services.ports,
            uow,
            tipo="interno",
            canal="email",
            assunto="Relatório",
            mensagem="Segue anexo.",
            chave=f"teste-{uuid4()}",
            destinatarios=["gestor@aurora.example.com"],
            anexos=[Anexo("a.txt", "text/plain", b"oi")],
            trace_id=uuid4(),
        )


def test_an_upload_that_died_leaves_a_file_that_goes_after_a_day(
    mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upload(mundo).status_code == 202
    with_attachment(mundo)
    named = keys(mundo)
    assert {key.split("/")[0] for key in named} >= {"importacoes", "relatorios", "anexos"}
    with monkeypatch.context() as dying:

        def die(*_: Any, **__: Any) -> None:
            raise Died

        dying.setattr(importacoes, "record", die)
        with pytest.raises(Died):
            upload(mundo)
    [orphan] = keys(mundo) - named
    age(mundo, 23)
    assert mundo.system.purge_files() == NOTHING
    age(mundo, 25)
    assert mundo.system.purge_files() == {"arquivos": 1, "inacabados": 0}
    assert orphan not in keys(mundo)
    assert keys(mundo) == named, "what a row names stays, however old"
    assert audited(mundo, "arquivos.orfaos")[-1].detalhes == {"apagados": 1}
    assert mundo.system.purge_files() == NOTHING


def test_what_was_never_written_whole_is_no_file_and_goes_too(
    mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = keys(mundo)
    with monkeypatch.context() as dying:

        def die(_: int) -> None:
            raise Died

        dying.setattr(os, "fsync", die)
        with pytest.raises(Died):
            store(mundo).put(mundo.tenant_id, f"importacoes/{uuid4()}.csv", PLANILHA)
    assert keys(mundo) == before
    age(mundo, 25)
    assert mundo.system.purge_files() == {"arquivos": 0, "inacabados": 1}
    assert keys(mundo) == before


def test_a_kind_of_file_whose_rows_nobody_knows_is_left_alone(mundo: Way) -> None:
    for key in ("outros/arquivo.bin", "anexos/solto", f"anexos/{uuid4()}/a/b"):
        store(mundo).put(mundo.tenant_id, key, b"x")
    gone = f"anexos/{uuid4()}/{uuid4()}"
    store(mundo).put(mundo.tenant_id, gone, b"x")
    age(mundo, 25)
    before = keys(mundo)
    files = mundo.system.services.ports.files
    assert sweep(mundo.system.database, files, machine_time())["arquivos"] == 1
    assert before - keys(mundo) == {gone}
