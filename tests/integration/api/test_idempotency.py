"""Idempotency keys: a POST is done once, whatever dies or repeats."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from werkzeug.test import TestResponse

from alquimista.app import create_app
from alquimista.db.session import Database
from alquimista.plataforma.chamadas.idempotency import IdempotencyKeys
from alquimista.plataforma.chamadas.limits import UseLimits
from alquimista.plataforma.chamadas.opening import Pedido, open_call
from tests.conftest import TestTenant
from tests.database import Server
from tests.integration.api.world import another_tenant, as_owner, assert_error, imports, open_way
from tests.integration.conftest import Way
from tests.integration.test_main_way import lead_named


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant with a lead."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("chaves")) as way:
        way.call(
            "POST", "/api/leads", [{"empresa": "Foz", "email": "c5@empresa5.com.br"}], status=202
        )
        way.drain()
        yield way


def post(way: Way, key: str, body: Any, path: str = "/api/leads") -> TestResponse:
    """A POST with an idempotency key."""
    return way.response("POST", path, body, headers={"Idempotency-Key": key})


def test_a_repeated_post_is_done_once_and_answered_alike(mundo: Way) -> None:
    before = imports(mundo)
    lead = {"empresa": "Uma vez", "email": "uma@vez.com.br"}
    first = post(mundo, "chave-1", lead)
    again = post(mundo, "chave-1", lead)
    assert first.status_code == again.status_code == 202
    assert first.get_data() == again.get_data()
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert imports(mundo) == before + 1
    other = post(mundo, "chave-1", {**lead, "empresa": "Outra"})
    assert assert_error(other, 422)["status"] == "chave_idempotencia_reutilizada"
    assert_error(post(mundo, "chave-1", {}, "/api/leads/importacoes"), 422)
    assert imports(mundo) == before + 1
    stored = mundo.rows("SELECT resposta FROM alquimista_platform.chaves_idempotencia")
    assert all(b"importacao_id" not in bytes(row.resposta) for row in stored)


def test_a_request_that_failed_may_be_sent_again_with_its_key(mundo: Way) -> None:
    assert_error(post(mundo, "chave-2", {"empresa": 3, "x": []}, "/events"), 422)
    event = {"source": "crm.x", "type": "n", "detail": {}}
    assert post(mundo, "chave-2", event, "/events").status_code == 202


class Died(BaseException):
    """Stands for a kill: nothing of the request's own code runs after it."""


def died_in(way: Way, monkeypatch: pytest.MonkeyPatch, key: str, body: Any, *, done: bool) -> None:
    """A POST whose process dies, before or after its transaction was committed."""
    keys = way.system.services.idempotency

    def die(*_: Any) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(keys, "forget", lambda *_: None)
        patched.setattr(keys, "finish", die)
        if not done:
            patched.setattr(way.system.services.publisher, "publish", die)
        with pytest.raises(Died):
            post(way, key, body, "/events")
    keys._under_way.clear()


def expire_lease(way: Way, key: str) -> None:
    """What sixty seconds without a word of the process do."""
    as_owner(
        way.system,
        "UPDATE alquimista_platform.chaves_idempotencia "
        "SET em_curso_ate = clock_timestamp() - interval '1 second' WHERE chave = :key",
        key=key,
    )


def events_of(way: Way, type: str) -> int:
    """How many events of a type the tenant has."""
    query = f"SELECT count(*) AS n FROM fibonacci_core.events WHERE type = '{type}'"
    count: int = way.rows(query)[0].n
    return count


def test_a_request_whose_process_died_undone_may_be_sent_again_once_its_lease_is_over(
    mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"source": "crm.x", "type": "morreu_antes", "detail": {}}
    died_in(mundo, monkeypatch, "morta-1", event, done=False)
    waiting = post(mundo, "morta-1", event, "/events")
    assert assert_error(waiting, 409)["status"] == "requisicao_em_andamento"
    assert waiting.headers["Retry-After"] == "1"
    expire_lease(mundo, "morta-1")
    other = post(mundo, "morta-1", {**event, "detail": {"a": 1}}, "/events")
    assert assert_error(other, 422)["status"] == "chave_idempotencia_reutilizada"
    app = create_app(mundo.system.services)
    headers = {"Authorization": f"Bearer {mundo.token}", "Idempotency-Key": "morta-1"}

    def send(_: int) -> int:
        return app.test_client().post("/events", json=event, headers=headers).status_code

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(send, range(4)))
    assert set(found) <= {202, 409} and 202 in found
    assert events_of(mundo, "morreu_antes") == 1
    again = post(mundo, "morta-1", event, "/events")
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_request_that_was_done_before_its_process_died_is_never_done_again(
    mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"source": "crm.x", "type": "morreu_depois", "detail": {}}
    died_in(mundo, monkeypatch, "morta-2", event, done=True)
    assert_error(post(mundo, "morta-2", event, "/events"), 409)
    expire_lease(mundo, "morta-2")
    lost = post(mundo, "morta-2", event, "/events")
    assert assert_error(lost, 409)["status"] == "resposta_perdida"
    assert events_of(mundo, "morreu_depois") == 1


def test_an_answer_that_comes_after_its_key_was_taken_over_is_not_kept(
    mundo: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"source": "crm.x", "type": "atrasada", "detail": {}}
    finished: list[Any] = []
    keys = mundo.system.services.idempotency
    with monkeypatch.context() as patched:
        patched.setattr(keys, "finish", lambda *given: finished.append(given))
        post(mundo, "morta-3", event, "/events")
    as_owner(
        mundo.system,
        "UPDATE alquimista_platform.chaves_idempotencia SET feita = false WHERE chave = 'morta-3'",
    )
    expire_lease(mundo, "morta-3")
    fresh = post(mundo, "morta-3", event, "/events").get_data()
    keys.finish(*finished[0])
    assert post(mundo, "morta-3", event, "/events").get_data() == fresh


def test_a_long_request_is_spoken_for_until_it_ends(database: Database, tenant: TestTenant) -> None:
    keys, limits = IdempotencyKeys(database, bytes(32), 0.05), UseLimits(database, 10, 10)
    who, pedido = uuid4(), Pedido(uuid4(), "quem", "longa", "a" * 64)
    assert open_call(database, tenant.id, who, limits.claim(tenant.id, who), pedido).taken
    keys.begin(tenant.id, pedido.entry)
    try:
        ends = [ends_of(database, tenant.id)]
        for _ in range(100):
            time.sleep(0.05)
            ends.append(ends_of(database, tenant.id))
            if ends[-1] > ends[0]:
                break
        assert ends[-1] > ends[0]
    finally:
        keys.forget(tenant.id, pedido.entry)


def ends_of(database: Database, tenant_id: UUID) -> Any:
    """Until when the tenant's one request is known to be under way."""
    with database.unit_of_work(tenant_id) as uow:
        return uow.connection.exec_driver_sql(
            "SELECT em_curso_ate FROM alquimista_platform.chaves_idempotencia"
        ).scalar_one()


def test_an_upload_is_the_same_whatever_its_boundary(mundo: Way) -> None:
    before = imports(mundo)
    for _ in range(2):
        response = mundo.response(
            "POST",
            "/api/leads/importacoes",
            data={"arquivo": (BytesIO(b"empresa;email\nA;a@b.com.br\n"), "a.csv")},
            headers={"Idempotency-Key": "arquivo"},
        )
        assert response.status_code == 202
    changed = mundo.response(
        "POST",
        "/api/leads/importacoes",
        data={"arquivo": (BytesIO(b"empresa;email\nB;a@b.com.br\n"), "a.csv")},
        headers={"Idempotency-Key": "arquivo"},
    )
    assert_error(changed, 422)
    assert imports(mundo) == before + 1


def test_of_requests_at_once_with_one_key_one_is_done(mundo: Way) -> None:
    before = imports(mundo)
    lead = {"empresa": "Junto", "email": "junto@vez.com.br"}
    app = create_app(mundo.system.services)

    def send(_: int) -> int:
        headers = {"Authorization": f"Bearer {mundo.token}", "Idempotency-Key": "ao-mesmo-tempo"}
        return app.test_client().post("/api/leads", json=lead, headers=headers).status_code

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(send, range(8)))
    assert set(found) <= {202, 409}
    assert 202 in found
    assert imports(mundo) == before + 1


def test_the_key_of_one_caller_is_not_the_key_of_another(mundo: Way) -> None:
    lead = {"empresa": "De quem", "email": "de@quem.com.br"}
    other = another_tenant(mundo.system, "Outra conta")
    one, two = post(mundo, "minha", lead), post(other, "minha", lead)
    assert one.get_json()["id"] != two.get_json()["id"]
    for wrong in ("", "é", "a" * 256):
        assert_error(post(mundo, wrong, lead), 400, hint=wrong)


def test_an_erasure_takes_the_stored_answers_that_name_the_lead(mundo: Way) -> None:
    lead = lead_named(mundo, "Foz")
    path = f"/api/leads/{lead['id']}/converter"
    assert post(mundo, "venda", {"valor_centavos": 1}, path).status_code == 200
    certificate = mundo.call("POST", f"/api/leads/{lead['id']}/esquecimento")
    assert certificate["registros"]["chaves_idempotencia"] == 1
