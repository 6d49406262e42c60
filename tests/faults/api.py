"""The API as a process, and a caller who writes down what it answers."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from waitress.server import create_server

from alquimista.app import create_app
from alquimista.bootstrap import build
from alquimista.plataforma.identity.keys import ensure_signing_key
from alquimista.plataforma.tenants.provisioning import NovoTenant, provision_tenant
from alquimista.runtime.admission import Catalogue
from alquimista.settings import Settings
from tests.faults.place import Place
from tests.faults.storm import Result, Scene

_EMAIL, _SENHA = "ana@conta.example", "Aurora2026"
_SHAPE = {"code", "status", "message", "errors", "trace_id"}
_TIMEOUT = 40.0
_START_SECONDS = 30.0
ACCEPTED, UNAVAILABLE = 202, 503


@dataclass
class Caller:
    """Posts a lead again and again: reads and writes for the API. One call at a time."""

    port: int
    token: str = ""
    answers: Counter[int] = field(default_factory=Counter)
    misshapen: list[str] = field(default_factory=list)

    def call(self) -> int:
        """The status of one post; 0 where nobody answers."""
        status, raw = self._post(
            "/api/leads", {"empresa": "Prensas Vale", "email": f"{uuid4()}@cliente.example"}
        )
        self.answers[status] += 1
        if status >= 400 and not _shaped(raw):
            self.misshapen.append(raw[:200].decode("utf-8", "replace"))
        return status

    def log_in(self) -> bool:
        """Get a token that is good for an hour; False where there is no answer yet."""
        status, raw = self._post("/api/auth/login", {"email": _EMAIL, "senha": _SENHA})
        if status == 200:
            self.token = json.loads(raw)["access_token"]
        return status == 200

    def _post(self, path: str, body: Mapping[str, str]) -> tuple[int, bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            link.request("POST", path, json.dumps(body), headers)
            response = link.getresponse()
            return response.status, response.read()
        except OSError:
            return 0, b""
        finally:
            link.close()

    def until(self, status: int, seconds: float, meanwhile: Callable[[], object]) -> bool:
        """Call until the API answers so; False where it does not in time.

        It is called once more after ``meanwhile``, however long that took.
        """
        deadline = time.monotonic() + seconds
        while self.call() != status:
            if time.monotonic() > deadline:
                return False
            meanwhile()
            time.sleep(0.2)
        return True

    def keep_calling(self, seconds: float, meanwhile: Callable[[], object]) -> None:
        """Call for a while, whatever the answers."""
        self.until(-1, seconds, meanwhile)


def _shaped(raw: bytes) -> bool:
    try:
        body = json.loads(raw)
    except ValueError:
        return False
    return isinstance(body, dict) and set(body) == _SHAPE and bool(body["message"])


def enlist(scene: Scene) -> Caller:
    """Make an account, start the API, and wait until it answers."""
    port = _free_port()
    settings = settings_of(scene.place, port)
    ensure_signing_key(settings)
    provision_tenant(settings.owner_dsn, NovoTenant("Conta da API", _EMAIL, _SENHA, sandbox=True))
    scene.troop.enlist("api", lambda place, number, stop: _serve(place, port, stop), 1)
    caller = Caller(port)
    deadline = time.monotonic() + _START_SECONDS
    while not caller.log_in():
        if time.monotonic() > deadline:
            raise RuntimeError("the API does not answer")
        time.sleep(0.2)
    return caller


def settings_of(place: Place, port: int) -> Settings:
    """The API's settings; its logins go over the wire where the place's do."""
    return Settings(
        home=place.folder,
        master_key=bytes(range(32)),
        database_url=place.owner,
        app_database_url=place.app,
        relay_database_url=place.relay,
        port=port,
    )


def _serve(place: Place, port: int, stop: threading.Event) -> None:
    system = build(settings_of(place, port), catalogue=Catalogue())
    server: Any = create_server(create_app(system.services), host="127.0.0.1", port=port, threads=4)
    threading.Thread(target=server.run, daemon=True).start()
    stop.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def judge(result: Result, caller: Caller, silent: int, slow: int) -> None:
    """Into the count: rounds without an error, rounds without recovery, answers out of shape."""
    result.notes.append(f"the API answered {dict(sorted(caller.answers.items()))}")
    found = result.count
    found.expect_none("rounds in which the API did not answer 503", range(silent))
    found.expect_none("rounds that did not recover", range(slow))
    found.expect_none("errors out of shape", caller.misshapen)
    strange = [status for status in caller.answers if status not in (ACCEPTED, UNAVAILABLE)]
    found.expect_none("answers other than 202 and 503", strange)
