"""``alquimista signing-keys`` and ``alquimista tenants``, as operators type them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from alquimista.db.session import Database
from alquimista.plataforma.identity import keys
from alquimista.plataforma.tenants.provisioning import NovoTenant, provision_tenant
from tests.database import Urls
from tests.integration.linha_de_comando.conftest import Command


@pytest.fixture
def tenant_id(fresh_database: Urls) -> UUID:
    """A tenant with its admin."""
    novo = NovoTenant("Acme", "ana@acme.example.com", "Segredo123", sandbox=True)
    return provision_tenant(fresh_database.owner, novo)


def live_keys(urls: Urls) -> list[tuple[str, bool]]:
    """The keys that the app login sees, newest first: id, and whether it signs."""
    database = Database(urls.app)
    found = [(key.kid, key.ativa) for key in keys.stored_keys(database)]
    database.dispose()
    return found


def age(urls: Urls, hours: int) -> None:
    """As if every key so far had been made some hours earlier."""
    engine = create_engine(urls.owner)
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE alquimista_platform.signing_keys "
                "SET created_at = created_at - make_interval(hours => :hours)"
            ),
            {"hours": hours},
        )
    engine.dispose()


def rotated(command: Command, urls: Urls, *options: str) -> str:
    result = command("signing-keys", "rotate", *options, urls=urls)
    assert result.exit_code == 0, result.output
    return result.output.strip().removeprefix("Chave ativa: ")


def test_a_rotated_key_signs_and_the_old_one_is_shown_until_its_tokens_expired(
    command: Command, fresh_database: Urls
) -> None:
    first = rotated(command, fresh_database)
    age(fresh_database, 48)
    second = rotated(command, fresh_database)
    assert live_keys(fresh_database) == [(second, True), (first, False)]
    age(fresh_database, 3)
    assert live_keys(fresh_database) == [(second, True)]


def test_a_leaked_key_is_forgotten_at_once(command: Command, fresh_database: Urls) -> None:
    rotated(command, fresh_database)
    second = rotated(command, fresh_database, "--revogar")
    assert live_keys(fresh_database) == [(second, True)]


def test_a_tenant_is_listed_suspended_and_reactivated(
    command: Command, fresh_database: Urls, tenant_id: UUID
) -> None:
    assert "Acme" in command("tenants", "list", urls=fresh_database).output
    assert command("tenants", "suspend", "Acme", urls=fresh_database).exit_code == 0
    assert "suspenso" in command("tenants", "list", urls=fresh_database).output
    again = command("tenants", "suspend", str(tenant_id), urls=fresh_database)
    assert again.exit_code == 1
    assert "situação" in again.output
    assert command("tenants", "reactivate", "Acme", urls=fresh_database).exit_code == 0
    unknown = command("tenants", "suspend", "Ninguém", urls=fresh_database)
    assert (unknown.exit_code, "não há tenant" in unknown.output) == (1, True)


def test_a_tenant_is_exported_and_then_removed_with_its_proof(
    command: Command, fresh_database: Urls, tenant_id: UUID, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    written = command("tenants", "export", "Acme", str(first), urls=fresh_database)
    assert written.exit_code == 0, written.output
    assert json.loads(zipfile.ZipFile(first).read("conta.json"))["nome"] == "Acme"
    taken = command("tenants", "delete", "Acme", str(first), "--sim", urls=fresh_database)
    assert (taken.exit_code, "já existe" in taken.output) == (1, True)
    refused = command("tenants", "delete", "Acme", str(second), typed="n\n", urls=fresh_database)
    assert refused.exit_code == 1
    assert not second.exists()
    done = command("tenants", "delete", "Acme", str(second), "--sim", urls=fresh_database)
    assert done.exit_code == 0, done.output
    proof = json.loads(done.output)
    assert proof["tenant_id"] == str(tenant_id)
    assert (proof["removidos"]["alquimista_platform.tenants"], proof["pessoas"]) == (1, 1)
    assert not any(proof["restantes"].values())
    assert second.is_file()
