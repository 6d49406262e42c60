"""Imports through the API: what is stored, what is refused, what can be taken back."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from alquimista.prospeccao.importacoes import service
from alquimista.sandbox.planilha_suja import escrever
from tests.integration.conftest import Way

IMPORTACOES = "/api/leads/importacoes"


@pytest.fixture
def planilha(tmp_path: Path) -> bytes:
    """120 rows with the usual dirt."""
    path = tmp_path / "leads.xlsx"
    escrever(path, 120)
    return path.read_bytes()


def upload(way: Way, content: bytes, path: str = IMPORTACOES, **form: str) -> TestResponse:
    """Post a file as a browser does."""
    return way.response("POST", path, data={"arquivo": (io.BytesIO(content), "a.xlsx"), **form})


def imported(way: Way, content: bytes) -> Any:
    """Upload, let the agents read, and answer the import."""
    response = upload(way, content)
    assert response.status_code == 202
    way.drain()
    return way.call("GET", response.headers["Location"])


def test_a_dirty_spreadsheet_is_read_and_each_reject_cites_its_cell(
    way: Way, planilha: bytes
) -> None:
    found = imported(way, planilha)
    assert found["status"] == "concluida"
    assert found["aceitos"] + found["rejeitados"] == found["lidas"] == found["total_linhas"]
    assert sum(found["rejeitados_por_classe"].values()) == found["rejeitados"] > 0
    assert {"duplicate", "blocked_pf", "no_channel"} <= set(found["rejeitados_por_classe"])
    first = found["rejeitos"]["itens"][0]
    assert (first["planilha"], first["classe"], first["coluna"]) == ("Prospecção", "duplicate", "E")


def test_rejects_come_in_pages_without_gap_or_repetition(way: Way, planilha: bytes) -> None:
    found = imported(way, planilha)
    path, seen = f"{IMPORTACOES}/{found['id']}?limite=4", []
    page = way.call("GET", path)["rejeitos"]
    while True:
        seen += [item["linha"] for item in page["itens"]]
        if page["proximo"] is None:
            break
        page = way.call("GET", f"{path}&cursor={page['proximo']}")["rejeitos"]
    assert seen == sorted(set(seen))
    assert len(seen) == found["rejeitados"]


def test_the_preview_stores_nothing(way: Way, planilha: bytes) -> None:
    response = upload(way, planilha, f"{IMPORTACOES}/previa")
    assert response.get_json()["planilha"] == "Prospecção"
    assert way.call("GET", IMPORTACOES)["itens"] == []


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "arquivo_vazio"),
        (b"%PDF-1.7", 415, "tipo_invalido"),
        (b"a;b\nc;d\n", 422, "sem_cabecalho"),
        (b"PK\x03\x04garbage", 422, "arquivo_corrompido"),
    ],
)
def test_a_bad_file_is_refused_and_leaves_nothing_behind(
    way: Way, content: bytes, status: int, code: str
) -> None:
    response = upload(way, content)
    assert (response.status_code, response.get_json()["status"]) == (status, code)
    assert way.call("GET", IMPORTACOES)["itens"] == []
    assert not list(way.system.settings.home.rglob("importacoes/*"))


@pytest.mark.parametrize("body", [[], [1], [{"empresa": "A"}] * 1001])
def test_a_post_that_is_no_list_of_leads_is_refused(way: Way, body: Any) -> None:
    assert way.response("POST", "/api/leads", body).status_code == 422


def test_an_untouched_import_can_be_undone_once(way: Way, planilha: bytes) -> None:
    found = imported(way, planilha)
    undone = way.call("POST", f"{IMPORTACOES}/{found['id']}/desfazer")
    assert undone["leads_apagados"] == found["aceitos"]
    assert way.call("GET", "/api/leads")["itens"] == []
    assert {c["status"] for c in way.call("GET", "/api/campanhas")["itens"]} <= {"concluida"}
    way.call("POST", f"{IMPORTACOES}/{found['id']}/desfazer", status=409)
    assert imported(way, planilha)["aceitos"] == found["aceitos"]


def test_an_import_with_a_lead_that_moved_on_cannot_be_undone(way: Way, planilha: bytes) -> None:
    found = imported(way, planilha)
    lead = way.call("GET", "/api/leads")["itens"][0]
    way.call("POST", f"/api/leads/{lead['id']}/converter", {"valor_centavos": 100})
    way.call("POST", f"{IMPORTACOES}/{found['id']}/desfazer", status=409)
    assert way.call("GET", "/api/leads")["itens"]


def test_the_raw_file_is_deleted_a_day_after_it_was_read(way: Way, planilha: bytes) -> None:
    found = imported(way, planilha)
    assert list(way.system.settings.home.rglob("importacoes/*"))
    way.advance(timedelta(days=1, minutes=1))
    with way.uow() as uow:
        assert service.find(uow, found["id"]).arquivo_chave is None
    assert not list(way.system.settings.home.rglob("importacoes/*"))
