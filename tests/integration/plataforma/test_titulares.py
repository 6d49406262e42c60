"""A person asks for their data or their removal, without an account; the clock runs; data age."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import pytest

from alquimista.plataforma.audit.verify import verify
from tests.database import Server, Urls
from tests.integration.api.world import another_tenant, as_owner, assert_error, audited, open_way
from tests.integration.conftest import Way
from tests.integration.linha_de_comando.conftest import Command, command

__all__ = ["command"]
_LINK = re.compile(r"/privacidade/\S+/pedidos/[\w-]+")


@pytest.fixture(scope="module")
def mundo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("titular")) as way:
        yield way


def new_lead(way: Way) -> tuple[str, str]:
    """A lead; answers its id and address."""
    email = f"ana.{uuid4().hex[:8]}@empresa.com.br"
    way.call("POST", "/api/leads", {"empresa": f"Empresa {email}", "email": email}, status=202)
    way.drain()
    [lead] = way.call("GET", f"/api/leads?email={email}")["itens"]
    return str(lead["id"]), email


def ask(way: Way, tipo: str, email: str, finalidade: str = "") -> str:
    """Send the public form, as a browser does; answers the page."""
    data = {"tipo": tipo, "email": email, "finalidade": finalidade}
    response = way.client.post(f"/privacidade/{way.tenant_id}", data=data)
    assert response.status_code == 200, response.get_data(as_text=True)
    way.drain()
    return response.get_data(as_text=True)


def links(way: Way, email: str) -> list[str]:
    """The links that were mailed to an address, oldest first."""
    rows = way.rows(
        "SELECT mensagem FROM alquimista_platform.sandbox_mensagens "
        f"WHERE destinatario = '{email}' ORDER BY ordem"
    )
    return [found.group() for row in rows if (found := _LINK.search(row.mensagem))]


def pedidos(way: Way, **filters: str) -> list[dict[str, Any]]:
    """The requests as the account's people see them."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    found: list[dict[str, Any]] = way.call("GET", f"/api/titulares/pedidos?{query}")["itens"]
    return found


def test_a_person_has_their_data_erased_by_a_link(mundo: Way) -> None:
    lead_id, email = new_lead(mundo)
    ask(mundo, "exclusao", email.upper())
    [link] = links(mundo, email.upper())
    page = mundo.client.get(link)
    assert "não pode ser desfeito" in page.get_data(as_text=True)
    assert mundo.call("GET", f"/api/leads/{lead_id}")["email"] == email
    done = mundo.client.post(link).get_data(as_text=True)
    assert "Seus dados foram apagados" in done
    shown = mundo.response("GET", f"/api/leads/{lead_id}").get_data(as_text=True)
    assert email not in shown
    again = mundo.client.post(link).get_data(as_text=True)
    assert "Seus dados foram apagados" in again
    [row] = mundo.rows(
        "SELECT email, resultado FROM nigredo_leads.pedidos_titular WHERE status = 'atendido'"
    )
    assert row.email is None and len(row.resultado["certificados"]) == 1
    left = mundo.rows(
        "SELECT count(*) AS n FROM nigredo_leads.disparos "
        f"WHERE mensagem LIKE '%%{link.rsplit('/', 1)[1]}%%'"
    )
    assert left[0].n == 0


def permitted(way: Way, lead_id: str) -> set[str]:
    """The purposes that may use the lead's data."""
    found = way.call("GET", f"/api/leads/{lead_id}/bases-legais")["itens"]
    return {item["finalidade"] for item in found if item["permitido"]}


def test_a_person_stops_one_use_by_a_link_and_no_other(mundo: Way) -> None:
    lead_id, email = new_lead(mundo)
    before = permitted(mundo, lead_id)
    assert {"prospeccao", "enriquecimento"} <= before
    ask(mundo, "oposicao", email, "enriquecimento")
    [link] = links(mundo, email)
    page = mundo.client.get(link).get_data(as_text=True)
    assert "“Enriquecimento”. Os outros usos continuam" in page
    assert permitted(mundo, lead_id) == before, "opening the link does nothing"
    for _ in range(2):
        done = mundo.client.post(link).get_data(as_text=True)
        assert "não serão mais usados para “Enriquecimento”" in done
        assert permitted(mundo, lead_id) == before - {"enriquecimento"}
    assert mundo.call("GET", f"/api/leads/{lead_id}")["email"] == email
    [item] = [p for p in pedidos(mundo, finalidade="enriquecimento") if p["status"] == "atendido"]
    assert (item["tipo"], item["origem"], item["email"]) == ("oposicao", "pagina", None)
    [entry] = [e for e in audited(mundo, "base_legal.retirada") if str(e.alvo_id) == lead_id]
    assert (entry.ator_tipo, entry.detalhes["finalidade"]) == ("titular", "enriquecimento")
    asked = audited(mundo, "titular.pedido")[-1]
    assert asked.detalhes == {"tipo": "oposicao", "finalidade": "enriquecimento"}
    assert_error(mundo.client.get(f"{link}/dados.json"), 404)


def test_each_use_has_a_link_of_its_own_and_an_unknown_address_is_told_the_truth(
    mundo: Way,
) -> None:
    unknown = f"nunca.{uuid4().hex[:6]}@visto.com.br"
    known_page = ask(mundo, "oposicao", new_lead(mundo)[1], "prospeccao")
    assert ask(mundo, "oposicao", unknown, "prospeccao") == known_page
    ask(mundo, "oposicao", unknown, "relatorios")
    first, second = links(mundo, unknown)
    for link in (first, second):
        assert "Não guardamos" in mundo.client.post(link).get_data(as_text=True)


def test_an_objection_that_came_by_telephone_is_registered_and_answered(mundo: Way) -> None:
    lead_id, email = new_lead(mundo)
    body = {"tipo": "oposicao", "email": email, "finalidade": "prospeccao"}
    made = mundo.call("POST", "/api/titulares/pedidos", body, status=201)
    assert (made["finalidade"], made["status"]) == ("prospeccao", "confirmado")
    assert "prospeccao" in permitted(mundo, lead_id)
    answer = mundo.call("POST", f"/api/titulares/pedidos/{made['id']}/atender")
    assert (answer["resultado"]["finalidade"], answer["dados"]) == ("prospeccao", None)
    assert "prospeccao" not in permitted(mundo, lead_id)
    refused = {"tipo": "oposicao", "email": email}
    assert_error(mundo.response("POST", "/api/titulares/pedidos", refused), 422)


def test_the_form_offers_every_purpose_of_the_account_in_words(mundo: Way) -> None:
    page = mundo.client.get(f"/privacidade/{mundo.tenant_id}").get_data(as_text=True)
    for item in mundo.call("GET", "/api/finalidades")["itens"]:
        assert f'value="{item["finalidade"]}">{item["titulo"]}' in page


def test_who_was_erased_is_not_brought_back_by_an_import(mundo: Way) -> None:
    unknown = f"nunca.{uuid4().hex[:6]}@visto.com.br"
    ask(mundo, "exclusao", unknown)
    [link] = links(mundo, unknown)
    assert "Não guardamos" in mundo.client.post(link).get_data(as_text=True)
    mundo.call("POST", "/api/leads", {"empresa": "Volta", "email": unknown}, status=202)
    mundo.drain()
    assert mundo.call("GET", f"/api/leads?email={unknown}")["itens"] == []


def test_a_person_downloads_what_is_kept_of_them(mundo: Way) -> None:
    _, email = new_lead(mundo)
    ask(mundo, "acesso", email)
    [link] = links(mundo, email)
    assert_error(mundo.client.get(f"{link}/dados.json"), 404)
    done = mundo.client.post(link).get_data(as_text=True)
    assert f"{link}/dados.json" in done
    response = mundo.client.get(f"{link}/dados.json")
    assert "attachment" in response.headers["Content-Disposition"]
    [found] = json.loads(response.get_data())
    assert found["leads"]["email"] == email
    assert found["pedidos_titular"]
    mundo.advance(timedelta(days=15, minutes=1))
    assert_error(mundo.client.get(f"{link}/dados.json"), 404)


def test_the_answer_never_tells_whether_an_address_is_known(mundo: Way) -> None:
    _, email = new_lead(mundo)
    assert ask(mundo, "acesso", email) == ask(mundo, "acesso", "ninguem@lugar-nenhum.com.br")


def test_one_address_gets_one_link_a_day(mundo: Way) -> None:
    email = f"insistente.{uuid4().hex[:6]}@empresa.com.br"
    for _ in range(3):
        ask(mundo, "acesso", email)
    assert len(links(mundo, email)) == 1


def test_an_old_link_another_accounts_and_a_guess_open_nothing(mundo: Way) -> None:
    other = another_tenant(mundo.system, "Outra privacidade")
    _, email = new_lead(mundo)
    ask(mundo, "exclusao", email)
    [link] = links(mundo, email)
    foreign = link.replace(str(mundo.tenant_id), str(other.tenant_id))
    guess = link.rsplit("/", 1)[0] + "/" + "a" * 43
    for path in (foreign, guess, f"/privacidade/{uuid4()}"):
        assert_error(mundo.client.get(path), 404, hint=path)
        assert_error(mundo.client.post(path, data={}), 404, 422, hint=path)
    mundo.advance(timedelta(hours=49))
    assert_error(mundo.client.post(link), 404)
    assert mundo.call("GET", f"/api/leads?email={email}")["itens"]


def test_wrong_fields_are_refused_and_names_are_escaped(mundo: Way) -> None:
    path = f"/privacidade/{mundo.tenant_id}"
    for data in (
        {"tipo": "tudo", "email": "a@b.com.br"},
        {"tipo": "acesso", "email": "a b"},
        {"tipo": "acesso", "email": "a@b.com.br\r\nBcc: x@y.com.br"},
        {"tipo": "acesso"},
        {"tipo": "oposicao", "email": "a@b.com.br"},
        {"tipo": "oposicao", "email": "a@b.com.br", "finalidade": ""},
        {"tipo": "oposicao", "email": "a@b.com.br", "finalidade": "vendas"},
        {"tipo": "acesso", "email": "a@b.com.br", "status": "confirmado"},
    ):
        assert_error(mundo.client.post(path, data=data), 422, hint=data)
    evil = another_tenant(mundo.system, "<script>alert(1)</script>{{ 7*7 }}")
    page = mundo.client.get(f"/privacidade/{evil.tenant_id}").get_data(as_text=True)
    assert "<script>" not in page
    assert "{{ 7*7 }}" in page


class _Page(HTMLParser):
    """Collects what a screen reader needs."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.lang = ""
        self._in_label = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note labels, fields and the language."""
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "html":
            self.lang = found.get("lang") or ""
        if tag == "label":
            self.labels.add(found.get("for") or "")
            self._in_label = True
        if tag in ("input", "select"):
            self.fields.append({**found, "inside": "sim" if self._in_label else None})

    def handle_endtag(self, tag: str) -> None:
        """A label ends."""
        if tag == "label":
            self._in_label = False


def test_the_form_is_labelled_has_one_heading_and_no_script(mundo: Way) -> None:
    response = mundo.client.get(f"/privacidade/{mundo.tenant_id}")
    page = _Page()
    page.feed(response.get_data(as_text=True))
    assert page.lang == "pt-BR"
    assert page.tags.count("h1") == 1
    assert {"main", "title", "fieldset", "legend"} <= set(page.tags)
    assert "script" not in page.tags
    for field in page.fields:
        assert field["inside"] or field.get("id") in page.labels, field
    assert "form-action 'self'" in response.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in response.headers


def test_a_registered_request_is_reminded_of_until_somebody_answers(mundo: Way) -> None:
    lead_id, email = new_lead(mundo)
    made = mundo.call(
        "POST", "/api/titulares/pedidos", {"tipo": "exclusao", "email": email}, status=201
    )
    assert made["status"] == "confirmado" and made["origem"] == "equipe"
    days = mundo.rows(
        "SELECT prazo_em - confirmado_em AS prazo FROM nigredo_leads.pedidos_titular "
        f"WHERE id = '{made['id']}'"
    )
    assert days[0].prazo == timedelta(days=15)

    def reminders() -> int:
        query = (
            "SELECT count(*) AS n FROM nigredo_leads.disparos WHERE tipo = 'interno' "
            f"AND mensagem LIKE '%%{made['id']}%%'"
        )
        return int(mundo.rows(query)[0].n)

    assert reminders() == 0
    mundo.advance(timedelta(days=7, minutes=1))
    assert reminders() == 1
    mundo.advance(timedelta(days=5))
    assert reminders() == 2
    answer = mundo.call("POST", f"/api/titulares/pedidos/{made['id']}/atender")
    assert len(answer["resultado"]["certificados"]) == 1
    assert_error(mundo.response("POST", f"/api/titulares/pedidos/{made['id']}/atender"), 409)
    mundo.advance(timedelta(days=5))
    assert reminders() == 2
    assert email not in mundo.response("GET", f"/api/leads/{lead_id}").get_data(as_text=True)
    assert [p["id"] for p in pedidos(mundo, status="atendido") if p["id"] == made["id"]]
    assert audited(mundo, "titular.atendido")


def test_a_registered_request_of_access_hands_out_the_data(mundo: Way) -> None:
    _, email = new_lead(mundo)
    body = {"tipo": "acesso", "email": email}
    made = mundo.call("POST", "/api/titulares/pedidos", body, status=201)
    answer = mundo.call("POST", f"/api/titulares/pedidos/{made['id']}/atender")
    assert answer["dados"][0]["leads"]["email"] == email


def age(way: Way, lead_id: str) -> None:
    """Make a lead and all of its past 800 days old."""
    for table, column in (
        ("leads", "created_at"),
        ("leads", "updated_at"),
        ("interacoes", "created_at"),
        ("disparos", "created_at"),
    ):
        key = "id" if table == "leads" else "lead_id"
        as_owner(
            way.system,
            f"UPDATE nigredo_leads.{table} SET {column} = {column} - interval '800 days' "
            f"WHERE {key} = :lead",
            lead=lead_id,
        )


def test_retention_counts_first_and_then_erases_the_old_and_nothing_else(
    mundo: Way, command: Command
) -> None:
    old, old_email = new_lead(mundo)
    customer, _ = new_lead(mundo)
    mundo.call("POST", f"/api/leads/{customer}/converter", {"valor_centavos": 1})
    fresh, _ = new_lead(mundo)
    for lead_id in (old, customer):
        age(mundo, lead_id)
    settings = mundo.system.settings

    urls = Urls(settings.owner_dsn, settings.app_dsn, settings.relay_dsn, settings.owner_dsn)
    arguments = ("lgpd", "retention", "--tenant", str(mundo.tenant_id), "--json")
    tried = command(*arguments, "--dry-run", urls=urls)
    assert tried.exit_code == 0, tried.output
    assert json.loads(tried.output)[str(mundo.tenant_id)]["leads"] == 1
    assert mundo.call("GET", f"/api/leads/{old}")["email"] == old_email
    before = len(links(mundo, old_email))
    gone = mundo.system.retencao.run(mundo.tenant_id)[mundo.tenant_id]
    assert gone["leads"] == 1
    mundo.drain()
    assert mundo.call("GET", f"/api/leads/{old}")["email"] is None
    assert mundo.call("GET", f"/api/leads/{customer}")["email"]
    assert mundo.call("GET", f"/api/leads/{fresh}")["email"]
    assert len(links(mundo, old_email)) == before
    assert mundo.system.retencao.run(mundo.tenant_id)[mundo.tenant_id]["leads"] == 0
    with mundo.uow() as uow:
        assert verify(uow.connection, mundo.tenant_id).faults == ()
