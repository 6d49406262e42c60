"""``alquimista``: agents, migrations and imports, as typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from alquimista.cli import filas_do_worker
from alquimista.db import migrate
from tests.database import Urls, server_home
from tests.integration.linha_de_comando.conftest import Command

PLANILHA = (
    "Empresa;CNPJ;Contato;Telefone;E-mail\n"
    "Aço & Cia;11.222.333/0001-81;Ana;(11) 98765-4321;ana@acoecia.com.br\n"
    "Sem Canal;;Beto;;\n"
    "Aço & Cia;11.222.333/0001-81;Ana;(11) 98765-4321;ana@acoecia.com.br\n"
    "Fio Bom;;;+55 21 99876-1234;\n"
)
LEAD = {"empresa", "cnpj", "contato", "telefone", "email", "setor", "porte", "cidade", "uf"}
REJEITO = {"planilha", "linha", "coluna", "classe", "mensagem"}


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of this test alone."""
    with server_home() as place:
        yield place


def count(urls: Urls, table: str) -> int:
    """Rows of a table, of every tenant."""
    engine = create_engine(urls.admin)
    with engine.connect() as connection:
        found: int = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    engine.dispose()
    return found


def test_installed_agents_are_listed_without_a_database(command: Command) -> None:
    result = command("agents", "list")
    assert result.exit_code == 0, result.output
    for name in ("recebimento", "estrategia", "disparo", "atendimento", "relatorios"):
        assert f"nigredo_{name}" in result.stdout
    assert result.stdout.count("admitido") == 7
    assert "recusado" not in result.stdout


def test_an_empty_database_is_migrated_and_again_changes_nothing(
    command: Command, bare_database: Urls
) -> None:
    for _ in range(2):
        result = command("migrate", urls=bare_database)
        assert result.exit_code == 0, result.output
        assert result.stdout == f"Banco na revisão {migrate.head()}.\n"
    assert count(bare_database, "nigredo_leads.leads") == 0


@pytest.mark.parametrize("option", ["--fila", "--sem-fila"])
def test_a_worker_of_a_queue_that_does_not_exist_is_told(
    command: Command, fresh_database: Urls, option: str
) -> None:
    result = command("worker", option, "nada", urls=fresh_database)
    assert result.exit_code == 1
    assert result.stderr.startswith("Erro: não há fila nada; há ")


def test_a_worker_takes_the_queues_named_or_all_without_those_of_others() -> None:
    assert filas_do_worker("abc", (), ()) is None
    assert filas_do_worker("abc", ("a", "c"), ()) == ("a", "c")
    assert filas_do_worker("abc", (), ("b",)) == ("a", "c")
    assert filas_do_worker("abc", ("a", "b"), ("b",)) == ("a",)


def test_a_held_worker_needs_its_database_when_it_is_let_go_and_ends_with_who_started_it(
    command: Command,
) -> None:
    abandoned = command("worker", "--espera", typed="")
    assert (abandoned.exit_code, abandoned.stderr) == (0, "")
    released = command("worker", "--espera", typed="go\n")
    assert released.exit_code == 1
    assert "DATABASE_URL" in released.stderr


def test_a_revision_that_does_not_exist_is_told(command: Command, bare_database: Urls) -> None:
    result = command("migrate", "--revisao", "nada", urls=bare_database)
    assert result.exit_code == 1
    assert result.stderr.startswith("Erro: ")
    assert "nada" in result.stderr


def test_a_database_that_does_not_answer_is_told(command: Command, bare_database: Urls) -> None:
    away = make_url(bare_database.owner).set(database="banco_que_nao_existe")
    urls = replace(bare_database, owner=away.render_as_string(hide_password=False))
    result = command("migrate", urls=urls)
    assert result.exit_code == 1
    assert result.stderr.startswith("Erro: o banco de dados não responde: ")
    assert "Traceback" not in result.stderr


def test_a_file_is_imported_on_the_embedded_database(home: Path) -> None:
    """As a person types it: a process of its own, nothing but a home."""
    arquivo = home / "leads.csv"
    arquivo.write_text(PLANILHA, encoding="cp1252")
    unset = ("DATABASE_URL", "APP_DATABASE_URL", "RELAY_DATABASE_URL", "ALQUIMISTA_CHAVE")
    done = subprocess.run(
        [sys.executable, "-m", "alquimista.cli", "importar", str(arquivo), "--json"],
        env={k: v for k, v in os.environ.items() if k not in unset}
        | {"ALQUIMISTA_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert list(result) == ["aceitos", "rejeitados", "leads"]
    assert result["aceitos"] == 2
    assert [set(item) for item in result["rejeitados"]] == [REJEITO] * 2
    assert [(item["linha"], item["classe"]) for item in result["rejeitados"]] == [
        (3, "no_channel"),
        (4, "duplicate"),
    ]
    assert all(set(item) == LEAD for item in result["leads"])
    first, second = result["leads"]
    assert first["empresa"] == "Aço & Cia"
    assert first["cnpj"] == "11222333000181"
    assert first["telefone"] == "+5511987654321"
    assert first["email"] == "ana@acoecia.com.br"
    assert (second["empresa"], second["email"]) == ("Fio Bom", None)


def test_without_json_a_person_reads_counts_and_cells(
    command: Command, fresh_database: Urls, tmp_path: Path
) -> None:
    arquivo = tmp_path / "leads.csv"
    arquivo.write_text(PLANILHA, encoding="utf-8")
    result = command("importar", str(arquivo), urls=fresh_database)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("2 aceitos, 2 rejeitados\n")
    assert "no_channel: " in result.stdout
    again = command("importar", str(arquivo), "--json", urls=fresh_database)
    assert json.loads(again.stdout)["aceitos"] == 0
    assert {r["classe"] for r in json.loads(again.stdout)["rejeitados"]} == {
        "duplicate",
        "no_channel",
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vazio.csv", b""),
        ("vazio.xlsx", b""),
        ("foto.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(200)),
        ("sem_cabecalho.csv", b"1;2;3\n4;5;6\n"),
        ("texto.pdf", b"%PDF-1.7\n"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_and_imports_nothing(
    command: Command, fresh_database: Urls, tmp_path: Path, name: str, content: bytes
) -> None:
    arquivo = tmp_path / name
    arquivo.write_bytes(content)
    result = command("importar", str(arquivo), "--json", urls=fresh_database)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Erro: ")
    assert set(result.stderr.lower().split()) & {"não", "arquivo", "planilha", "cabeçalho"}
    assert "Traceback" not in result.stderr
    assert count(fresh_database, "nigredo_leads.leads") == 0


def test_a_missing_file_an_unknown_tenant_and_a_wrong_setting_are_told(
    command: Command, fresh_database: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = command("importar", str(tmp_path / "nada.csv"))
    assert (missing.exit_code, missing.stderr.startswith("Erro: o arquivo ")) == (1, True)
    arquivo = tmp_path / "leads.csv"
    arquivo.write_text(PLANILHA, encoding="utf-8")
    unknown = command("importar", str(arquivo), "--tenant", "Ninguém", urls=fresh_database)
    assert unknown.exit_code == 1
    assert unknown.stderr == "Erro: não há tenant com id ou nome 'Ninguém'\n"
    monkeypatch.setenv("ALQUIMISTA_AMBIENTE", "marte")
    wrong = command("agents", "list")
    assert wrong.exit_code == 1
    assert "ALQUIMISTA_AMBIENTE" in wrong.stderr
