"""Roles, permissions and scopes."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

import alquimista
from alquimista.plataforma.identity.domain import (
    GRANTABLE,
    PERMISSOES,
    PROPRIO,
    TODAS,
    check_scopes,
    covers,
    may_publish,
    of_key,
    of_person,
)
from alquimista.plataforma.identity.errors import EscopoInvalido

TENANT, PESSOA = uuid4(), uuid4()


def test_an_admin_has_every_permission_and_nobody_else_has() -> None:
    assert PERMISSOES["admin"] == TODAS
    assert all(PERMISSOES[papel] < TODAS for papel in ("manager", "operator", "viewer"))


def test_operator_and_viewer_only_read_beyond_what_is_their_own() -> None:
    for papel in ("operator", "viewer"):
        assert {name.split(":")[1] for name in PERMISSOES[papel] - {PROPRIO}} == {"read"}
        assert PROPRIO in PERMISSOES[papel]


def test_what_is_ones_own_is_never_granted_nor_a_key_s() -> None:
    with pytest.raises(EscopoInvalido):
        check_scopes([PROPRIO])
    assert PROPRIO not in of_key(TENANT, uuid4(), [PROPRIO]).permissoes


def test_without_the_factor_that_the_tenant_asks_for_only_what_is_ones_own_is_left() -> None:
    person = of_person(TENANT, PESSOA, "admin", ["leads:erase"], falta_fator=True)
    assert (person.permissoes, person.escopos) == ({"conta:read", PROPRIO}, frozenset())


@pytest.mark.parametrize(
    ("escopo", "coberto"),
    [
        ("leads:read", True),
        ("events:publish:crm.acme", True),
        ("events:publish:*", True),
        ("events:publish:crm.*", True),
        ("events:publish:crm*", False),
        ("events:publish:alquimista.campanhas", False),
        ("events:publish:alquimista.timer", False),
    ],
)
def test_an_admin_gives_what_they_hold_and_never_the_platform_s_voice(
    escopo: str, coberto: bool
) -> None:
    assert covers(of_person(TENANT, PESSOA, "admin", []), escopo) is coberto


@pytest.mark.parametrize(
    ("escopo", "coberto"),
    [
        ("leads:write", False),
        ("events:publish:crm.acme", True),
        ("events:publish:crm.acme.*", True),
        ("events:publish:outro", False),
        ("events:publish:*", False),
    ],
)
def test_a_key_gives_no_more_than_its_own_scopes(escopo: str, coberto: bool) -> None:
    key = of_key(TENANT, uuid4(), ["leads:read", "events:publish:crm.*"])
    assert covers(key, escopo) is coberto


def test_a_manager_approves_campaigns_but_erases_nobody() -> None:
    assert {"campanhas:approve", "leads:write", "agents:write"} <= PERMISSOES["manager"]
    assert not {"leads:erase", "chaves:write", "usuarios:write"} & PERMISSOES["manager"]


def test_a_grant_adds_one_permission_to_the_role() -> None:
    plain = of_person(TENANT, PESSOA, "operator", [])
    granted = of_person(TENANT, PESSOA, "operator", ["conversas:atender"])
    assert granted.permissoes - plain.permissoes == {"conversas:atender"}


def test_an_unknown_role_may_nothing() -> None:
    assert of_person(TENANT, PESSOA, "root", []).permissoes == frozenset()


def test_a_key_may_what_its_scopes_say_and_see_itself() -> None:
    key = of_key(TENANT, uuid4(), ["leads:read", "events:publish:crm.acme", "made:up"])
    assert key.permissoes == {"leads:read", "events:publish", "conta:read"}
    assert (key.ator.tipo, key.ator.id) == ("chave", str(key.api_key_id))


def test_a_person_is_the_actor_of_what_they_do() -> None:
    person = of_person(TENANT, PESSOA, "admin", [])
    assert (person.ator.tipo, person.ator.id) == ("pessoa", str(PESSOA))


@pytest.mark.parametrize(
    "escopo", ["", "leads", "leads:fly", "leads:read:x", "events:publish:", "admin:*"]
)
def test_a_scope_that_does_not_exist_is_refused(escopo: str) -> None:
    with pytest.raises(EscopoInvalido):
        check_scopes([escopo])


@pytest.mark.parametrize(
    ("escopo", "source", "permitido"),
    [
        ("events:publish:crm.acme", "crm.acme", True),
        ("events:publish:crm.acme", "crm.acme.dois", False),
        ("events:publish:crm.*", "crm.acme", True),
        ("events:publish:crm.*", "crmx.acme", False),
        ("events:publish:crm*", "crmx", False),
        ("events:publish:*", "fibonacci.demo", True),
        ("events:publish:*", "nigredo.recebimento", True),
        ("events:publish:*", "alquimista.campanhas", False),
        ("events:publish:alquimista.*", "alquimista.campanhas", False),
        ("events:publish:alquimista.campanhas", "alquimista.campanhas", True),
        ("events:publish:alquimista.timer", "alquimista.timer", False),
        ("events:publish", "crm.acme", False),
        ("leads:read", "crm.acme", False),
    ],
)
def test_a_caller_publishes_only_the_sources_its_scopes_name(
    escopo: str, source: str, permitido: bool
) -> None:
    assert may_publish([escopo], source) is permitido


@given(st.lists(st.text(max_size=30)), st.text(max_size=30))
def test_nobody_ever_publishes_timers(escopos: list[str], extra: str) -> None:
    scopes = [*escopos, "events:publish:*", f"events:publish:{extra}"]
    assert not may_publish(scopes, "alquimista.timer")


@given(st.lists(st.sampled_from(sorted(GRANTABLE))))
def test_scopes_give_the_permissions_they_are(escopos: list[str]) -> None:
    assert of_key(TENANT, uuid4(), check_scopes(escopos)).permissoes == {*escopos, "conta:read"}


def test_every_permission_that_an_endpoint_asks_for_exists() -> None:
    root = Path(alquimista.__file__).parent
    asked = {
        name
        for path in root.rglob("*.py")
        for name in re.findall(r'@requires\("([^"]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert "leads:read" in asked
    assert asked <= TODAS
