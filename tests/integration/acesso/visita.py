"""People who sign up, come in and are written to, as they see it: by the API and their letters."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.integration.api.world import SENHA
from tests.integration.conftest import Way

_LINK = re.compile(r"https?://\S+\?token=\S+")
_networks = itertools.count(1)


@dataclass
class Visita:
    """A browser of one person. Each comes from a network of its own, so that none locks another."""

    way: Way
    email: str = field(default_factory=lambda: f"{uuid4().hex[:10]}@visita.example.com")
    token: str = ""
    refresh_token: str = ""
    rede: str = field(default_factory=lambda: f"10.1.{next(_networks) // 250}.{next(_networks)}")

    @property
    def client(self) -> FlaskClient:
        """The shared client."""
        return self.way.client

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Call the API with the person's token, if they have one."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.open(
            path,
            method=method,
            json=body,
            headers=own | {name.replace("_", "-"): value for name, value in headers.items()},
            environ_overrides={"REMOTE_ADDR": self.rede},
        )

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API; anything but success fails the test."""
        response = self.send(method, path, body)
        assert response.status_code < 400, response.get_data(as_text=True)
        return response.get_json(silent=True)

    def sign_up(self, empresa: str = "Visita Ltda", senha: str = SENHA) -> UUID:
        """Ask for a tenant and let the letter be sent; answers the sign-up's id."""
        body = {"empresa": empresa, "nome": "Vera", "email": self.email, "senha": senha}
        cadastro_id = UUID(self.ok("POST", "/api/auth/cadastro", body)["cadastro_id"])
        self.way.drain()
        return cadastro_id

    def letter(self) -> dict[str, str]:
        """The newest letter to the person."""
        response = self.client.get(f"/api/sandbox/cartas?email={self.email}")
        assert response.status_code == 200, response.get_data(as_text=True)
        found: dict[str, str] = response.get_json()
        return found

    def letter_token(self) -> str:
        """The token of the newest letter's link."""
        self.way.drain()
        found = _LINK.search(self.letter()["mensagem"])
        assert found is not None, self.letter()
        return parse_qs(urlsplit(found.group()).query)["token"][0]

    def confirm(self) -> UUID:
        """Follow the confirmation link; answers the tenant."""
        body = {"token": self.letter_token()}
        return UUID(self.ok("POST", "/api/auth/cadastro/confirmacao", body)["tenant_id"])

    def login(self, senha: str = SENHA) -> Any:
        """Come in; keeps the tokens."""
        return self.keep(self.ok("POST", "/api/auth/login", {"email": self.email, "senha": senha}))

    def keep(self, answer: Any) -> Any:
        """Remember the tokens of an answer."""
        self.token = answer.get("access_token", "")
        self.refresh_token = answer.get("refresh_token", "")
        return answer

    def refresh(self, token: str | None = None) -> TestResponse:
        """Exchange a refresh token, the last one unless another is given."""
        sent = {"refresh_token": token or self.refresh_token}
        return self.send("POST", "/api/auth/refresh", sent)

    def established(self) -> Visita:
        """Sign up, confirm and come in."""
        self.sign_up()
        self.confirm()
        self.login()
        return self

    def rows(self, query: str) -> list[Any]:
        """Rows of a query as the person's tenant sees them."""
        tenant_id = UUID(self.ok("GET", "/api/me")["tenant"]["id"])
        with self.way.system.database.unit_of_work(tenant_id) as uow:
            return list(uow.connection.exec_driver_sql(query).all())

    def audited(self, action_type: str) -> list[Any]:
        """The tenant's audit entries of one action."""
        return self.rows(
            "SELECT ator_id, resultado, detalhes FROM alquimista_platform.audit_logs "
            f"WHERE action_type = '{action_type}' ORDER BY created_at, id"
        )
