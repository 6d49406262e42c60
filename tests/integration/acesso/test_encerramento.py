"""Removing a tenant: the export first, then every row and file, and the proof."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, create_engine, text

from alquimista.files.store import FolderStore
from alquimista.plataforma.tenants import removal
from tests.architecture.schema import tables
from tests.architecture.test_migrations import sample
from tests.database import Urls
from tests.integration.acesso.visita import Visita
from tests.integration.api.world import SENHA, as_owner, assert_error
from tests.integration.conftest import Way

EXPORTAR, ENCERRAR = "/api/conta/exportacao", "/api/conta/encerramento"


def exported(pessoa: Visita) -> tuple[str, zipfile.ZipFile]:
    """The export of the person's tenant and its hash, checked."""
    response = pessoa.send("GET", EXPORTAR)
    assert response.status_code == 200, response.get_data(as_text=True)
    raw = response.get_data()
    response.close()
    assert hashlib.sha256(raw).hexdigest() == response.headers["X-Sha256"]
    return response.headers["X-Sha256"], zipfile.ZipFile(io.BytesIO(raw))


def test_an_export_holds_the_rows_and_files_and_no_secret(pessoa: Visita, mundo: Way) -> None:
    tenant_id = UUID(pessoa.ok("GET", "/api/me")["tenant"]["id"])
    key = pessoa.ok("POST", "/api/chaves", {"nome": "crm", "escopos": ["leads:read"]})
    mundo.system.services.ports.files.put(tenant_id, "relatorios/a.pdf", b"%PDF")
    _, archive = exported(pessoa)
    index = json.loads(archive.read("indice.json"))
    assert index["tabelas"]["alquimista_platform.api_keys"] == 1
    assert archive.read("arquivos/relatorios/a.pdf") == b"%PDF"
    [row] = archive.read("tabelas/alquimista_platform.api_keys.jsonl").splitlines()
    assert json.loads(row)["prefixo"] == key["prefixo"]
    assert "hash" not in json.loads(row)
    assert json.loads(archive.read("conta.json"))["id"] == str(tenant_id)
    assert json.loads(archive.read("pessoas.json"))[0]["email"] == pessoa.email
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"$argon2" not in everything
    assert hashlib.sha256(key["chave"].encode()).hexdigest().encode() not in everything


def test_an_account_is_closed_only_with_export_name_and_password(pessoa: Visita) -> None:
    good = {"senha": SENHA, "nome": "Visita Ltda", "exportacao_sha256": "0" * 64}
    assert assert_error(pessoa.send("POST", ENCERRAR, good), 409)["status"] == "situacao_errada"
    good["exportacao_sha256"], _ = exported(pessoa)
    assert_error(pessoa.send("POST", ENCERRAR, {**good, "nome": "Outra"}), 422)
    assert_error(pessoa.send("POST", ENCERRAR, {**good, "senha": "Errada123"}), 422)
    body = {"nome": "x", "escopos": ["tenants:write", "tenants:read"]}
    machine = Visita(pessoa.way, token=pessoa.ok("POST", "/api/chaves", body)["chave"])
    assert_error(machine.send("POST", ENCERRAR, good), 409)
    assert pessoa.send("GET", "/api/me").status_code == 200


def test_a_closed_account_leaves_nothing_and_says_so(
    pessoa: Visita, mundo: Way, outra: Callable[[], Visita]
) -> None:
    other = outra()
    tenant_id = UUID(pessoa.ok("GET", "/api/me")["tenant"]["id"])
    pessoa.ok("POST", "/api/convites", {"email": other.email, "papel": "viewer"})
    other.ok("POST", "/api/auth/convites/aceite", {"token": other.letter_token()})
    mundo.system.services.ports.files.put(tenant_id, "relatorios/a.pdf", b"%PDF")
    sha256, _ = exported(pessoa)
    body = {"senha": SENHA, "nome": "Visita Ltda", "exportacao_sha256": sha256}
    proof = pessoa.ok("POST", ENCERRAR, body)
    assert proof["removidos"]["alquimista_platform.tenants"] == 1
    assert proof["removidos"]["alquimista_platform.memberships"] == 2
    assert proof["restantes"] and not any(proof["restantes"].values())
    assert (proof["pessoas"], proof["arquivos"]) == (1, 1)
    assert mundo.system.services.ports.files.keys(tenant_id) == []
    assert_error(pessoa.send("GET", "/api/me"), 401)
    assert_error(
        pessoa.send("POST", "/api/auth/login", {"email": pessoa.email, "senha": SENHA}), 401
    )
    assert other.send("GET", "/api/me").status_code == 200


def test_every_table_that_holds_a_tenant_s_row_is_emptied_of_it_alone(
    fresh_database: Urls, tmp_path_factory: pytest.TempPathFactory
) -> None:
    doomed, other = uuid4(), uuid4()
    admin = create_engine(fresh_database.admin)
    with admin.begin() as connection:
        filled = fill(connection, doomed, other)
    assert len(filled) > 30
    files = FolderStore(tmp_path_factory.mktemp("arquivos"))
    proof = removal.remove_tenant(fresh_database.owner, files, doomed)
    assert {name for name in proof.removidos if name != "alquimista_platform.tenants"} == filled
    assert set(proof.restantes) == filled
    assert not any(proof.restantes.values())
    with admin.begin() as connection:
        left = removal.count_rows(connection, other)
    admin.dispose()
    assert set(left.values()) == {1}, "the other tenant's rows are all there"


def fill(connection: Connection, *tenants: UUID) -> set[str]:
    """A row of each tenant in every table that has a tenant; answers the tables' names."""
    connection.execute(text("SET session_replication_role = replica"))
    filled = set()
    for table in tables(connection):
        whole = table.name == "alquimista_platform.tenants"
        if "tenant_id" not in table.columns and not whole:
            continue
        column = "id" if whole else "tenant_id"
        for tenant in tenants:
            values = {**sample(connection, table.name), column: f"'{tenant}'::uuid"}
            names = ", ".join(f'"{name}"' for name in values)
            connection.execute(
                text(f"INSERT INTO {table.name} ({names}) SELECT {', '.join(values.values())}")
            )
        if not whole:
            filled.add(table.name)
    return filled


def test_a_removal_that_was_cut_off_is_taken_up_again(
    pessoa: Visita, mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = UUID(pessoa.ok("GET", "/api/me")["tenant"]["id"])
    dsn, files = mundo.system.settings.owner_dsn, mundo.system.services.ports.files

    def crash(*_: object) -> int:
        raise RuntimeError("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(removal, "_delete_people", crash)
        with pytest.raises(RuntimeError):
            removal.remove_tenant(dsn, files, tenant_id)
    assert_error(pessoa.send("GET", "/api/me"), 401)
    assert removal.remove_tenant(dsn, files, tenant_id).removidos == {
        "alquimista_platform.tenants": 1
    }


def test_sign_ups_that_nobody_confirmed_go_and_others_stay(visita: Visita, mundo: Way) -> None:
    late = visita.sign_up()
    waiting = Visita(mundo).sign_up()
    confirmed = UUID(Visita(mundo).established().ok("GET", "/api/me")["tenant"]["id"])
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.cadastros SET expira_em = :past WHERE tenant_id = ANY(:ids)",
        past=datetime.now(UTC) - timedelta(days=6),
        ids=[late, confirmed],
    )
    assert mundo.system.purge_access()["cadastros"] == 1
    engine = create_engine(mundo.system.settings.owner_dsn)
    with engine.connect() as connection:
        there = set(
            connection.execute(text("SELECT id FROM alquimista_platform.tenants")).scalars()
        )
    engine.dispose()
    assert late not in there
    assert {waiting, confirmed} <= there
