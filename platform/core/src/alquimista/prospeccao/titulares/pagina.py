"""The public page where a person asks for their data, their removal, or that one use stops.

Plain HTML, no scripts, no cookies: labelled fields, one heading per page, readable contrast, and
errors that are announced (WCAG 2.2, AA).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, jsonify, render_template_string, request
from markupsafe import Markup
from sqlalchemy import select, text

from alquimista.db.session import UnitOfWork
from alquimista.http.answers import html_page, json_object
from alquimista.http.auth import public
from alquimista.http.blueprint import Blueprint
from alquimista.http.errors import trace_id
from alquimista.http.services import services
from alquimista.plataforma.identity.errors import MuitasTentativas
from alquimista.plataforma.tenants.models import Tenant
from alquimista.prospeccao.finalidades.consulta import registro
from alquimista.prospeccao.finalidades.domain import PADROES
from alquimista.prospeccao.titulares.domain import AGUARDANDO, Pedido
from alquimista.prospeccao.titulares.schemas import NovoPedidoSchema
from alquimista.prospeccao.titulares.service import TitularService

blp = Blueprint(
    "privacidade", __name__, url_prefix="/privacidade", description="Página pública de privacidade"
)
_LIVRES = 20
_DADOS = json_object(
    "Por lead do endereço, o que está guardado, em um arquivo `meus-dados.json`.",
    [{"leads": {"empresa": "Cabos Litoral", "email": "bia@litoral.example.com"}}],
)
_BASE = """<!doctype html><html lang="pt-BR"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{ titulo }} – {{ conta }}</title><style>
body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;
color:#1a1a1a;background:#fff}label{display:block;margin:.4rem 0}
input[type=email],select{font:inherit;width:100%;padding:.5rem;border:1px solid #555;
box-sizing:border-box}
button{font:inherit;padding:.6rem 1.2rem;background:#0b4f9e;color:#fff;border:0}
button:focus,input:focus,select:focus,a:focus{outline:3px solid #c25700;outline-offset:2px}
fieldset{border:1px solid #555;margin:1rem 0}</style></head>
<body><main><h1>{{ titulo }}</h1>{{ corpo }}</main></body></html>"""
_FORMULARIO = """<p>{{ conta }} guarda dados de contatos profissionais para oferecer seus produtos.
Pela Lei Geral de Proteção de Dados, você pode ver o que guardamos, pedir que um uso dos seus dados
pare ou que tudo seja apagado.
Enviaremos um link ao seu e-mail para confirmar que o pedido é seu.</p>
<form method="post"><fieldset><legend>O que você quer?</legend>
<label><input type="radio" name="tipo" value="acesso" required> Ver os meus dados</label>
<label><input type="radio" name="tipo" value="oposicao"> Parar um uso dos meus dados: retirar o meu
consentimento ou me opor</label>
<label><input type="radio" name="tipo" value="exclusao"> Apagar os meus dados e não receber mais
mensagens</label></fieldset>
<label for="finalidade">Qual uso deve parar? (Só para parar um uso)</label>
<select id="finalidade" name="finalidade"><option value="">Escolha um uso</option>
{% for item in finalidades %}
<option value="{{ item.finalidade }}">{{ item.titulo }}: {{ item.descricao }}</option>
{% endfor %}</select>
<label for="email">Seu e-mail</label>
<input id="email" name="email" type="email" autocomplete="email" maxlength="255" required>
<p><button type="submit">Enviar pedido</button></p></form>"""
_ENVIADO = """<p role="status">Se o endereço estiver correto, você receberá em instantes um e-mail
com um link. Abra-o em até 48 horas para confirmar o pedido.</p>"""
_CONFIRMAR = """<p>{% if tipo == "acesso" %}Confirme para ver os dados que guardamos sobre você.
{% elif tipo == "oposicao" %}Confirme para que {{ conta }} deixe de usar os seus dados para
“{{ finalidade }}”. Os outros usos continuam.{% else %}
Confirme para apagar os seus dados. Isto não pode ser desfeito.{% endif %}</p>
<form method="post"><p><button type="submit">Confirmar</button></p></form>"""
_FEITO = """<p role="status">{% if tipo == "acesso" %}Seus dados estão prontos.
<a href="{{ dados }}">Baixar os meus dados</a> (o link vale por 15 dias).
{% elif tipo == "oposicao" %}
{% if leads %}Seus dados não serão mais usados para “{{ finalidade }}”. Os outros usos
continuam.{% else %}Não guardamos dados ligados a este endereço.{% endif %}{% else %}
{% if leads %}Seus dados foram apagados. Certificados: {{ certificados }}.{% else %}Não guardamos
dados ligados a este endereço.{% endif %} Você não receberá mais mensagens: guardamos apenas um
código irreversível para respeitar o seu pedido.{% endif %}</p>"""


@blp.get("/<uuid:tenant_id>")
@public("a person who has no account asks about their own data")
@blp.response(200, **html_page("O formulário.", "Seus dados pessoais"))
def show_form(tenant_id: UUID) -> Response:
    """A página em que o titular pede acesso aos dados, a exclusão deles, ou que um uso pare."""
    with services().database.unit_of_work(tenant_id) as uow:
        conta = _conta(uow)
        finalidades = registro(uow)
    return _page(conta, "Seus dados pessoais", _FORMULARIO, finalidades=finalidades)


@blp.post("/<uuid:tenant_id>")
@public("a person who has no account asks about their own data; attempts are counted")
@blp.arguments(NovoPedidoSchema, location="form")
@blp.response(200, **html_page("Um link foi enviado ao endereço.", "Confira o seu e-mail"))
def ask(pedido: dict[str, Any], tenant_id: UUID) -> Response:
    """Recebe o pedido e envia o link de confirmação; a resposta é sempre a mesma."""
    _count_attempt()
    with services().database.unit_of_work(tenant_id) as uow:
        conta = _conta(uow)
        _titulares().ask(uow, Pedido(**pedido), trace_id())
    return _page(conta, "Confira o seu e-mail", _ENVIADO)


@blp.get("/<uuid:tenant_id>/pedidos/<string:token>")
@public("the token in the address is the proof")
@blp.response(200, **html_page("O pedido, para confirmar.", "Confirme o seu pedido"))
def show_pedido(tenant_id: UUID, token: str) -> Response:
    """A página do link; abri-la não faz nada, é preciso confirmar."""
    with services().database.unit_of_work(tenant_id) as uow:
        row = _titulares().open(uow, token)
        conta = _conta(uow)
    if row.status != AGUARDANDO:
        return _done(conta, row)
    shown = {"tipo": row.tipo, "finalidade": _titulo(row)}
    return _page(conta, "Confirme o seu pedido", _CONFIRMAR, **shown)


@blp.post("/<uuid:tenant_id>/pedidos/<string:token>")
@public("the token in the address is the proof")
@blp.response(200, **html_page("O que foi feito.", "Pedido atendido"))
def confirm(tenant_id: UUID, token: str) -> Response:
    """Confirma o pedido, que é atendido na hora; repetir não muda nada."""
    with services().database.unit_of_work(tenant_id) as uow:
        row = _titulares().confirm(uow, token, trace_id())
        conta = _conta(uow)
    return _done(conta, row)


@blp.get("/<uuid:tenant_id>/pedidos/<string:token>/dados.json")
@public("the token in the address is the proof")
@blp.response(200, **_DADOS)
def download(tenant_id: UUID, token: str) -> Response:
    """Os dados do titular, em JSON (LGPD, art. 18, II e V)."""
    with services().database.unit_of_work(tenant_id) as uow:
        found = _titulares().data_of(uow, token)
    response = jsonify(found)
    response.headers["Content-Disposition"] = 'attachment; filename="meus-dados.json"'
    return response


def _done(conta: str, row: Any) -> Response:
    return _page(
        conta,
        "Pedido atendido",
        _FEITO,
        tipo=row.tipo,
        finalidade=_titulo(row),
        leads=row.resultado.get("leads", 0),
        certificados=", ".join(row.resultado.get("certificados", [])),
        dados=f"{request.path.rstrip('/')}/dados.json",
    )


def _titulo(row: Any) -> str:
    """The purpose in words; empty where the request is about none."""
    return PADROES[row.finalidade].titulo if row.finalidade else ""


def _page(conta: str, titulo: str, corpo: str, **values: Any) -> Response:
    inner = Markup(render_template_string(corpo, conta=conta, **values))
    page = render_template_string(_BASE, conta=conta, titulo=titulo, corpo=inner)
    return Response(page, content_type="text/html; charset=utf-8")


def _conta(uow: UnitOfWork) -> str:
    nome: str = uow.connection.execute(
        select(Tenant.nome).where(Tenant.id == uow.tenant_id)
    ).scalar_one()
    return nome


def _count_attempt() -> None:
    key = services().ports.digest("titular", request.remote_addr or "")
    with services().database.anonymous() as connection:
        wait = connection.execute(
            text("SELECT alquimista_platform.login_attempt(:key, :free)"),
            {"key": key, "free": _LIVRES},
        ).scalar_one()
    if wait > 0:
        raise MuitasTentativas(int(wait) + 1)


def _titulares() -> TitularService:
    found = services()
    return TitularService(found.ports, found.registry, found.tenants)
