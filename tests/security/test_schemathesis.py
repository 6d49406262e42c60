"""Every documented operation, with generated input and each role's real token.

``FUZZ_EXAMPLES`` says how many inputs each operation gets for each role (``make fuzz-api``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from alquimista.plataforma.identity.domain import PERMISSOES
from tests.database import Server
from tests.integration.api.world import as_owner, open_way, token_of
from tests.integration.conftest import Way
from tests.integration.test_main_way import import_leads
from tests.security.test_permissions import bearer

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
IDS = {
    "lead_id": "SELECT id FROM nigredo_leads.leads LIMIT 1",
    "campanha_id": "SELECT id FROM nigredo_leads.campanhas LIMIT 1",
    "importacao_id": "SELECT id FROM nigredo_leads.importacoes LIMIT 1",
    "agendamento_id": "SELECT id FROM nigredo_leads.agendamentos LIMIT 1",
}
"""Ids that exist, for half of the calls: what names nothing is answered 404 before all else."""


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant with leads and campaigns."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("gerado")) as way:
        import_leads(way)
        yield way


def owner_of(way: Way) -> UUID:
    """The tenant's person, asked of the database: a generated call may have signed them out."""
    rows = way.rows("SELECT user_id FROM alquimista_platform.memberships ORDER BY created_at")
    found: UUID = rows[0].user_id
    return found


def is_page(operation: APIOperation[Any, Any, Any, Any]) -> bool:
    """Whether people see the answer in a browser: its errors are pages too."""
    return not operation.path.startswith(("/api/", "/events", "/webhooks/", "/health", "/.well"))


def operations(way: Way) -> list[APIOperation[Any, Any, Any, Any]]:
    """Every operation of the app's own manual."""
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", way.client.application)
    found = list(schema.get_all_operations())
    assert all(isinstance(one, Ok) for one in found)
    each = [one.ok() for one in found if isinstance(one, Ok)]
    return [operation for operation in each if not is_page(operation)]


def explore(
    operation: APIOperation[Any, Any, Any, Any],
    headers: dict[str, str],
    ids: dict[str, str],
    mode: GenerationMode,
    examples: int,
) -> int:
    """Call an operation with generated input; answers how many calls were made."""
    calls = 0

    @seed(20_260)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), real=st.booleans())
    def call(case: Case, real: bool) -> None:
        nonlocal calls
        calls += 1
        if real:
            known = {name: ids[name] for name in case.path_parameters or {} if name in ids}
            case.path_parameters = {**(case.path_parameters or {}), **known}
        case.headers.update(headers)
        case.validate_response(case.call(), checks=CHECKS)

    call()
    return calls


@pytest.mark.parametrize("papel", PERMISSOES)
def test_no_input_breaks_an_operation_or_its_description(mundo: Way, papel: str) -> None:
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.memberships SET papel = :papel WHERE tenant_id = :tenant",
        papel=papel,
        tenant=mundo.tenant_id,
    )
    token = bearer(token_of(mundo.system, owner_of(mundo)))
    headers = {**token, "Accept-Encoding": "identity"}
    ids = {name: str(row.id) for name, query in IDS.items() for row in mundo.rows(query)}
    calls = sum(
        explore(operation, headers, ids, GenerationMode.POSITIVE, EXAMPLES)
        for operation in operations(mundo)
    )
    assert calls > 100


def test_wrong_input_is_refused_as_the_description_says(mundo: Way) -> None:
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.memberships SET papel = 'admin' WHERE tenant_id = :tenant",
        tenant=mundo.tenant_id,
    )
    headers = {**bearer(token_of(mundo.system, owner_of(mundo))), "Accept-Encoding": "identity"}
    calls = 0
    for operation in operations(mundo):
        if operation.body or operation.query:
            wrong = max(1, EXAMPLES // 4)
            calls += explore(operation, headers, {}, GenerationMode.NEGATIVE, wrong)
    assert calls > 20
