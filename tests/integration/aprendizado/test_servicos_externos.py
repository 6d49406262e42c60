"""The settings alone switch a real tenant's outside services on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from alquimista.db.session import Database
from alquimista.plataforma.tenants.redacao import MODELO_DE_LINGUAGEM
from alquimista.settings import from_environment
from alquimista.tools.catalogue import build_registry
from alquimista_sdk.models import TenantFacts
from tests.conftest import TestTenant
from tests.integration.aprendizado.servidor import http_service

COMPANY = {"cnae_fiscal_descricao": "Metalurgia", "municipio": "CAMPINAS", "uf": "SP"}
SPAN = {"inicio": "2026-11-25T10:00:00-03:00", "fim": "2026-11-25T10:30:00-03:00"}


def outside(path: str) -> tuple[int, dict[str, Any]]:
    """BrasilAPI, Google's tokens and calendar, and a language model, at one address."""
    if path.startswith("/api/cnpj/v1/"):
        return 200, COMPANY
    if path == "/token":
        return 200, {"access_token": "t", "expires_in": 3600}
    if path == "/calendar/freeBusy":
        return 200, {"calendars": {"agenda@x": {"busy": []}}}
    if path == "/v1/chat/completions":
        return 200, {"model": "m", "choices": [{"message": {"content": "Olá!"}}]}
    return 404, {}


def account(url: str) -> str:
    """A service account's key whose tokens come from here."""
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    told = {"client_email": "robo@x", "private_key": pem, "token_uri": f"{url}/token"}
    return json.dumps(told)


def test_each_service_is_called_where_its_variable_says(
    database: Database, tenant: TestTenant, tmp_path: Path
) -> None:
    with http_service(outside) as service:
        settings = from_environment(
            {
                "ALQUIMISTA_HOME": str(tmp_path),
                "BRASILAPI_URL": service.url,
                "GOOGLE_CONTA_DE_SERVICO": account(service.url),
                "GOOGLE_URL": f"{service.url}/calendar",
                "LLM_TOKEN": "k",
                "LLM_URL": f"{service.url}/v1",
            }
        )
        facts = TenantFacts(id=tenant.id, nome="Real", redator=MODELO_DE_LINGUAGEM)
        registry = build_registry(facts, database, settings)
        company = registry.call(
            "enrichment.company", {"cnpj": "19131243000197", "empresa": "Aurora"}
        )
        free = registry.call("calendar.availability", {"calendario_id": "agenda@x", **SPAN})
        text = registry.call("llm.write", {"tarefa": "responder_lead", "variaveis": {}})
    assert (company["campos"]["cidade"], company["sandbox"]) == ("Campinas", False)
    assert free == {"ocupados": [], "sandbox": False}
    assert (text["texto"], text["sandbox"]) == ("Olá!", False)
    assert service.paths == [
        "/api/cnpj/v1/19131243000197",
        "/token",
        "/calendar/freeBusy",
        "/v1/chat/completions",
    ]
