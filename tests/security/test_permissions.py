"""``docs/permissions.md`` is the code's, and every cell of it is what the API answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from alquimista.http.routes import openapi_path
from alquimista.http.routes import routes as app_routes
from alquimista.manuals import YES, offline_app, permissions_page
from alquimista.plataforma.audit.service import SISTEMA
from alquimista.plataforma.identity.domain import GRANTABLE, PERMISSOES
from tests.database import ROOT, Server
from tests.integration.api.world import (
    Route,
    another_tenant,
    as_owner,
    assert_error,
    open_way,
    routes,
    token_of,
)
from tests.integration.conftest import Way

PAGE = ROOT / "docs" / "permissions.md"
_ROW = re.compile(r"^\| `(\w+) (\S+)` \| `(\S+)` \| (.+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Callers:
    """Who calls: headers by column of the table, and those who may never."""

    way: Way
    roles: dict[str, dict[str, str]]
    expired: dict[str, str]
    suspended: dict[str, str]


def bearer(token: str) -> dict[str, str]:
    """The header that carries a token or a key."""
    return {"Authorization": f"Bearer {token}"}


def person(way: Way) -> UUID:
    """The id of the person who is signed in."""
    return UUID(way.call("GET", "/api/me")["usuario"]["id"])


@pytest.fixture(scope="module")
def callers(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callers]:
    """A person of each role in an account of their own, and one of a suspended account."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("tabela")) as way:
        roles = {
            papel: bearer(another_tenant(way.system, f"Papel {papel}", papel=papel).token)
            for papel in PERMISSOES
        }
        suspended = another_tenant(way.system, "Suspensa")
        as_owner(
            way.system,
            "UPDATE alquimista_platform.tenants SET status = 'suspenso' WHERE id = :id",
            id=suspended.tenant_id,
        )
        old = token_of(way.system, person(way), age=timedelta(hours=2))
        yield Callers(way, roles, bearer(old), bearer(suspended.token))


def guarded(way: Way) -> list[Route]:
    """The routes that ask for a permission."""
    return [route for route in routes(way.client.application) if route.permission is not None]


def status_of(way: Way, route: Route, headers: dict[str, str]) -> int:
    """The status that a route answers with ids that name nothing and an empty body."""
    body: dict[str, str] | None = None if route.method == "GET" else {}
    response = way.client.open(route.path, method=route.method, headers=headers, json=body)
    response.close()
    return response.status_code


def test_the_page_is_as_generated() -> None:
    found = permissions_page(app_routes(offline_app()))
    assert PAGE.read_text(encoding="utf-8") == found, "run: make docs"


def test_every_cell_of_a_role_is_what_the_api_answers(callers: Callers) -> None:
    by_name = {
        f"{route.method} {openapi_path(route.rule)}": route for route in guarded(callers.way)
    }
    rows = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert {f"{method} {path}" for method, path, _, _ in rows} == set(by_name)
    for method, path, _, cells in rows:
        route = by_name[f"{method} {path}"]
        for papel, cell in zip(PERMISSOES, cells.split(" | "), strict=True):
            status = status_of(callers.way, route, callers.roles[papel])
            assert status not in (401, 500), (route, papel)
            assert (status == 403) == (cell != YES), (route, papel, status)


def test_nobody_and_an_expired_token_are_answered_401_in_every_row(callers: Callers) -> None:
    for route in guarded(callers.way):
        assert status_of(callers.way, route, {}) == 401, route
        assert status_of(callers.way, route, callers.expired) == 401, route


def test_a_suspended_account_is_answered_403_in_every_row(callers: Callers) -> None:
    for route in guarded(callers.way):
        assert status_of(callers.way, route, callers.suspended) == 403, route


def test_a_key_is_let_through_where_its_one_scope_is_the_permission(callers: Callers) -> None:
    """With all scopes but the row's own it is refused, with that one alone it is let through."""
    identity = callers.way.system.services.identity
    by_permission: dict[str, list[Route]] = {}
    for route in guarded(callers.way):
        by_permission.setdefault(str(route.permission), []).append(route)
    for permission, asking in by_permission.items():
        if permission not in GRANTABLE:
            with callers.way.uow() as uow:
                every = identity.create_key(uow, "todas", GRANTABLE, SISTEMA)
            for route in asking:
                assert status_of(callers.way, route, bearer(every.chave)) == 403, route
            continue
        with callers.way.uow() as uow:
            without = identity.create_key(uow, "sem", GRANTABLE - {permission}, SISTEMA)
            alone = identity.create_key(uow, "só", [permission], SISTEMA)
        for route in asking:
            refused = status_of(callers.way, route, bearer(without.chave))
            assert refused == 403 or permission == "conta:read", route
            assert status_of(callers.way, route, bearer(alone.chave)) not in (401, 403), route


def test_a_refusal_has_the_one_error_shape_and_names_the_permission(callers: Callers) -> None:
    response = callers.way.client.post(
        f"/api/leads/{UUID(int=1)}/esquecimento", headers=callers.roles["viewer"]
    )
    assert "leads:erase" in assert_error(response, 403)["message"]
