"""The knowledge base: entries, their versions, what answers a question, and files of entries."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest

from alquimista.prospeccao.conhecimento import service
from tests.database import Server
from tests.integration.api.world import another_tenant, assert_error, audited, open_way
from tests.integration.conftest import Way

BASE = "/api/conhecimento"
FRETE = {
    "titulo": "Frete",
    "texto": "Entregamos em todo o Brasil em até 10 dias.",
    "palavras": "entrega transporte envio",
    "etiquetas": ["Logística", "logística ", "vendas"],
}


@pytest.fixture(scope="module")
def demo(
    postgres: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Way]:
    """The demo tenant, with its six entries."""
    with open_way(postgres, template_database, tmp_path_factory.mktemp("base")) as way:
        yield way


@pytest.fixture
def conta(demo: Way) -> Way:
    """An account of its own, without entries."""
    return another_tenant(demo.system, f"Base {uuid4().hex[:6]}")


def upload(way: Way, nome: str, conteudo: str, **form: str) -> Any:
    """Import a file."""
    data = {"arquivo": (BytesIO(conteudo.encode()), nome), **form}
    return way.response("POST", f"{BASE}/importacoes", data=data)


def ask(way: Way, pergunta: str) -> Any:
    """What the agent would answer from."""
    return way.call("POST", f"{BASE}/busca", {"pergunta": pergunta})


def read_by_agents(way: Way, pergunta: str) -> list[str]:
    """Titles that ``context.conhecimento.search`` gives an agent."""
    with way.uow() as uow:
        return [trecho.titulo for trecho in service.search(uow, pergunta)]


def test_an_entry_is_created_listed_changed_and_answers_at_once(conta: Way) -> None:
    created = conta.response("POST", BASE, FRETE)
    assert created.status_code == 201
    entry = created.get_json()
    assert entry["etiquetas"] == ["logística", "vendas"]
    assert (entry["ativo"], entry["versao"]) == (True, 1)
    path = created.headers["Location"]
    assert path == f"{BASE}/{entry['id']}"
    for query in ("?etiqueta=Logística", "?ativo=true", "?ordenar=-created_at"):
        assert [e["id"] for e in conta.call("GET", BASE + query)["itens"]] == [entry["id"]], query
    assert conta.call("GET", f"{BASE}?etiqueta=preços")["itens"] == []
    assert read_by_agents(conta, "Qual o prazo de entrega?") == ["Frete"]

    changed = conta.call("PATCH", path, {"texto": "Entregamos em 5 dias.", "etiquetas": []})
    assert (changed["texto"], changed["etiquetas"]) == ("Entregamos em 5 dias.", [])
    assert (changed["titulo"], changed["versao"]) == ("Frete", 2)
    same = conta.call("PATCH", path, {"titulo": "Frete"})
    assert same["versao"] == 2, "what changes nothing is no version"
    assert [e.detalhes for e in audited(conta, "conhecimento.alterado")] == [{}]


def test_what_is_not_published_is_kept_and_never_said(conta: Way) -> None:
    path = f"{BASE}/{conta.call('POST', BASE, {**FRETE, 'ativo': False})['id']}"
    assert read_by_agents(conta, "entrega") == []
    assert conta.call("POST", f"{path}/publicar")["ativo"] is True
    assert read_by_agents(conta, "entrega") == ["Frete"]
    assert conta.call("POST", f"{path}/recolher")["ativo"] is False
    assert read_by_agents(conta, "entrega") == []
    assert len(audited(conta, "conhecimento.publicado")) == 1
    assert len(audited(conta, "conhecimento.recolhido")) == 1


def test_a_change_on_an_old_version_is_refused(conta: Way) -> None:
    path = f"{BASE}/{conta.call('POST', BASE, FRETE)['id']}"
    etag = conta.response("GET", path).headers["ETag"]
    fresh = conta.response("PATCH", path, {"titulo": "Entrega"}, headers={"If-Match": etag})
    assert fresh.status_code == 200
    for method, target, body in (
        ("PATCH", path, {"titulo": "Envio"}),
        ("DELETE", path, None),
        ("POST", f"{path}/recolher", None),
        ("POST", f"{path}/restaurar", {}),
    ):
        answer = conta.response(method, target, body, headers={"If-Match": etag})
        assert_error(answer, 412, hint=method)
    assert conta.call("GET", path)["titulo"] == "Entrega"


def test_the_last_change_is_undone_and_any_version_comes_back(conta: Way) -> None:
    path = f"{BASE}/{conta.call('POST', BASE, FRETE)['id']}"
    assert_error(conta.response("POST", f"{path}/restaurar", {}), 409)
    conta.call("PATCH", path, {"texto": "Errado."})
    undone = conta.call("POST", f"{path}/restaurar", {})
    assert (undone["texto"], undone["versao"]) == (FRETE["texto"], 3)
    told = conta.call("GET", f"{path}/versoes")["itens"]
    assert [(v["numero"], v["texto"]) for v in told] == [(2, "Errado."), (1, FRETE["texto"])]
    assert told[0]["mudado_por"].startswith("pessoa:")
    assert conta.call("POST", f"{path}/restaurar", {"versao": 2})["texto"] == "Errado."
    assert_error(conta.response("POST", f"{path}/restaurar", {"versao": 99}), 409)


def test_a_removed_entry_says_nothing_and_comes_back_as_it_was(conta: Way) -> None:
    entry = conta.call("POST", BASE, FRETE)
    path = f"{BASE}/{entry['id']}"
    assert conta.response("DELETE", path).status_code == 204
    assert read_by_agents(conta, "entrega") == []
    assert_error(conta.response("GET", path), 404)
    assert_error(conta.response("DELETE", path), 404)
    assert conta.call("GET", f"{path}/versoes")["itens"][0]["removido"] is True
    back = conta.call("POST", f"{path}/restaurar", {})
    assert {n: back[n] for n in ("id", "titulo", "texto", "etiquetas", "ativo")} == {
        n: entry[n] for n in ("id", "titulo", "texto", "etiquetas", "ativo")
    }
    assert back["versao"] > entry["versao"], "a tag of before the removal fits no more"
    conta.call("PATCH", path, {"titulo": "Outro"})
    assert conta.call("POST", f"{path}/restaurar", {})["titulo"] == "Frete"


def test_only_the_newest_versions_are_kept(conta: Way) -> None:
    path = f"{BASE}/{conta.call('POST', BASE, FRETE)['id']}"
    for number in range(service.VERSOES_GUARDADAS + 3):
        conta.call("PATCH", path, {"texto": f"Texto {number}"})
    kept = [v["numero"] for v in conta.call("GET", f"{path}/versoes")["itens"]]
    assert len(kept) == service.VERSOES_GUARDADAS
    assert kept[0] == service.VERSOES_GUARDADAS + 3


def test_a_question_is_answered_from_the_entry_that_the_agent_would_read(demo: Way) -> None:
    found = ask(demo, "Quanto custa o plano Profissional?")
    assert found["responderia"] is True
    [best, *_] = found["achados"]
    assert (best["titulo"], best["relevancia"]) == ("Preços", 1.0)
    assert {"palavra": "custa", "onde": "palavras"}.items() <= {
        **next(m for m in best["motivos"] if m["palavra"] == "custa")
    }.items()
    assert "Preços" in found["explicacao"]
    assert [a["titulo"] for a in found["achados"]] == read_by_agents(
        demo, "Quanto custa o plano Profissional?"
    )
    nothing = ask(demo, "Vocês aceitam criptomoedas?")
    assert (nothing["responderia"], nothing["achados"]) == (False, [])
    assert "criptomoedas" in nothing["palavras_sem_resposta"]
    assert "pessoa" in nothing["explicacao"]


def test_a_file_is_imported_unpublished_and_says_what_it_left_out(conta: Way) -> None:
    conta.call("POST", BASE, FRETE)
    text = "# Preços\nR$ 10.\n# FRETE\nGrátis.\n# preços\nR$ 20.\n# Vazio\n"
    done = upload(conta, "base.md", text)
    assert done.status_code == 200, done.get_data(as_text=True)
    body = done.get_json()
    assert len(body["criadas"]) == 1
    assert [(r["linha"], r["titulo"]) for r in body["rejeitadas"]] == [
        (3, "FRETE"),
        (5, "preços"),
        (7, "Vazio"),
    ]
    assert "já existe" in body["rejeitadas"][0]["motivo"]
    assert read_by_agents(conta, "preços") == [], "nobody has read it yet"

    again = upload(conta, "base.md", text, substituir="true", ativo="true").get_json()
    assert (len(again["criadas"]), len(again["substituidas"])) == (0, 2)
    assert read_by_agents(conta, "preços") == ["Preços"]
    [frete] = [e for e in conta.call("GET", BASE)["itens"] if e["titulo"] == "FRETE"]
    assert frete["texto"] == "Grátis."
    assert conta.call("POST", f"{BASE}/{frete['id']}/restaurar", {})["texto"] == FRETE["texto"]
    [first, _] = audited(conta, "conhecimento.importado")
    assert first.detalhes == {"criadas": 1, "substituidas": 0, "rejeitadas": 3}


def test_a_base_that_is_full_takes_nothing_more(
    conta: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ENTRADAS_MAXIMO", 2)
    first = conta.call("POST", BASE, FRETE)
    refused = upload(conta, "a.txt", "A\na\n\nB\nb\n")
    assert_error(refused, 409)
    assert len(conta.call("GET", BASE)["itens"]) == 1, "all of a file, or nothing"
    conta.call("POST", BASE, {"titulo": "Outra", "texto": "x"})
    assert_error(conta.response("POST", BASE, FRETE), 409)
    conta.response("DELETE", f"{BASE}/{first['id']}")
    conta.call("POST", BASE, {"titulo": "Terceira", "texto": "x"})
    assert_error(conta.response("POST", f"{BASE}/{first['id']}/restaurar", {}), 409)


@pytest.mark.parametrize(
    "body",
    [
        {**FRETE, "titulo": ""},
        {**FRETE, "titulo": "  "},
        {**FRETE, "texto": "x" * 5_001},
        {**FRETE, "etiquetas": ["x"] * 21},
        {**FRETE, "tenant_id": str(uuid4())},
        {**FRETE, "versao": 7},
        {"titulo": "Sem texto"},
    ],
)
def test_an_entry_that_is_not_complete_is_refused(conta: Way, body: dict[str, Any]) -> None:
    assert_error(conta.response("POST", BASE, body), 422)
    assert conta.call("GET", BASE)["itens"] == []


def test_another_account_neither_reads_nor_changes_an_entry(conta: Way, demo: Way) -> None:
    entry = conta.call("POST", BASE, FRETE)
    path = f"{BASE}/{entry['id']}"
    for method, target, body in (
        ("GET", path, None),
        ("GET", f"{path}/versoes", None),
        ("PATCH", path, {"texto": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/publicar", None),
        ("POST", f"{path}/restaurar", {}),
    ):
        assert_error(demo.response(method, target, body), 404, hint=(method, target))
    assert read_by_agents(demo, "transporte") == []
    upload(demo, "a.txt", "Frete\nOutro\n", substituir="true")
    assert conta.call("GET", path)["texto"] == FRETE["texto"]


def test_a_viewer_reads_and_asks_and_changes_nothing(demo: Way) -> None:
    viewer = another_tenant(demo.system, "Só leitura", papel="viewer")
    assert viewer.response("GET", BASE).status_code == 200
    assert ask(viewer, "preço")["achados"] == []
    assert_error(viewer.response("POST", BASE, FRETE), 403)
    assert_error(upload(viewer, "a.txt", "A\nb"), 403)
