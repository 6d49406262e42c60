"""The Flask app: one API, one error shape, every endpoint with its permission or its reason."""

from __future__ import annotations

from functools import partial

from flask import Flask, redirect, send_from_directory
from swagger_ui_bundle import swagger_ui_path
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from alquimista.http import envelope, errors, examples, manual
from alquimista.http.auth import public
from alquimista.http.bodies import require_storable_address
from alquimista.http.errors import ApiWithOneShape
from alquimista.http.services import EXTENSION, Services
from alquimista.http.throttle import send_limits
from alquimista.http.versions import send_etag
from alquimista.observability.health import blp as health
from alquimista.plataforma.audit.api import blp as auditoria
from alquimista.plataforma.ferramentas.api import blp as servidores_mcp
from alquimista.plataforma.identity.api import blp as identity
from alquimista.plataforma.identity.own_api import blp as own_access
from alquimista.plataforma.identity.pages import blp as access_pages
from alquimista.plataforma.identity.people_api import blp as people
from alquimista.plataforma.marketplace.api import blp as marketplace
from alquimista.plataforma.tenants.api import blp as conta
from alquimista.plataforma.webhooks.api import blp as webhooks_saida
from alquimista.prospeccao.agendamentos.api import blp as agendamentos
from alquimista.prospeccao.aprendizado.api import blp as aprendizado
from alquimista.prospeccao.campanhas.api import blp as campanhas
from alquimista.prospeccao.conhecimento.api import blp as conhecimento
from alquimista.prospeccao.conversas.api import blp as interacoes
from alquimista.prospeccao.conversas.webhooks import blp as webhooks
from alquimista.prospeccao.finalidades.api import bases as bases_legais
from alquimista.prospeccao.finalidades.api import blp as finalidades
from alquimista.prospeccao.finalidades.api import tratamentos
from alquimista.prospeccao.fusoes.api import blp as fusoes
from alquimista.prospeccao.importacoes.api import blp as importacoes
from alquimista.prospeccao.leads.api import blp as leads
from alquimista.prospeccao.relatorios.api import blp as relatorios
from alquimista.prospeccao.titulares.api import blp as titulares
from alquimista.prospeccao.titulares.pagina import blp as privacidade
from alquimista.runtime.events_api import blp as events
from alquimista.runtime.operations_api import blp as operations
from alquimista.sandbox.api import blp as sandbox
from alquimista.sandbox.respostas import blp as sandbox_acoes

BLUEPRINTS = (
    identity,
    own_access,
    people,
    conta,
    marketplace,
    leads,
    importacoes,
    fusoes,
    campanhas,
    interacoes,
    aprendizado,
    agendamentos,
    relatorios,
    conhecimento,
    titulares,
    bases_legais,
    finalidades,
    tratamentos,
    webhooks_saida,
    servidores_mcp,
    operations,
    events,
    auditoria,
    webhooks,
    access_pages,
    privacidade,
    health,
)
"""In the order in which the manual shows them: access, the account, the way of a lead, machines."""
SANDBOX_BLUEPRINTS = (sandbox, sandbox_acoes)
MAX_BODY_BYTES = 30 * 1024 * 1024


def create_app(services: Services) -> Flask:
    """Make the app of a process."""
    app = Flask("alquimista", static_folder=None)
    app.config.update(
        API_TITLE="Alquimista",
        API_VERSION="1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        OPENAPI_SWAGGER_UI_PATH="/docs",
        OPENAPI_SWAGGER_UI_URL="/api/docs/assets/",
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.url_map.strict_slashes = False
    hops = services.settings.proxies
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.extensions[EXTENSION] = services
    envelope.register(app, services.settings)
    app.after_request(send_etag)
    app.after_request(send_limits)
    errors.register(app)
    app.before_request(require_storable_address)
    api = ApiWithOneShape(
        app,
        spec_kwargs={
            "extra_plugins": [manual.Descriptions(), examples.Examples()],
            "info": {"description": manual.INTRODUCAO},
            "security": [{"bearer": []}],
        },
    )
    api.spec.components.security_scheme(
        "bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT ou chave alq_…"}
    )
    for endpoint in ("api-docs.openapi_json", "api-docs.openapi_swagger_ui"):
        view = partial(app.view_functions[endpoint])
        app.view_functions[endpoint] = public("the manual holds no data")(view)
    api.spec.options["servers"] = [{"url": "/"}]
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    if services.settings.sandbox:
        for blueprint in SANDBOX_BLUEPRINTS:
            api.register_blueprint(blueprint)
    app.add_url_rule("/", "root", _root)
    app.add_url_rule("/api/docs/assets/<path:name>", "docs_assets", _docs_asset)
    return app


@public("redirects to the manual")
def _root() -> Response:
    return redirect("/api/docs")


@public("the manual's own scripts and styles")
def _docs_asset(name: str) -> Response:
    """A file of Swagger UI, from its package: the manual works without the internet."""
    return send_from_directory(swagger_ui_path, name, max_age=86_400)
