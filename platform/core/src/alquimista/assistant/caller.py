"""Calling the API with a key: in this process, or over the network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import urlsplit

import requests
from flask import Flask
from werkzeug.test import Client

from alquimista_sdk.errors import AlquimistaError, PermanentError, TransientError

_TIMEOUT = 30.0
_HERE = ("127.0.0.1", "localhost", "::1")


class ApiRefused(AlquimistaError):
    """The API's own answer: its message, its fields' faults and its status."""

    code = "recusado_pela_api"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.http_status = HTTPStatus(status)


class ApiCaller(Protocol):
    """The API as the holder of one key."""

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """The answer's JSON. Raises ``ApiRefused``; ``TransientError`` where none comes."""


@dataclass(frozen=True, slots=True)
class InProcess:
    """The app itself, without a socket: what it checks for HTTP it checks here too."""

    app: Flask
    key: str | None = field(repr=False)

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """See ``ApiCaller``."""
        response = Client(self.app, use_cookies=False).open(
            path,
            method=method,
            query_string=dict(query or {}),
            json=None if body is None else dict(body),
            headers=_headers(self.key),
            environ_base={"REMOTE_ADDR": "127.0.0.1"},
        )
        try:
            return _answer(response.status_code, response.get_json(silent=True))
        finally:
            response.close()


@dataclass(frozen=True, slots=True)
class Remote:
    """The API at an address."""

    url: str
    key: str | None = field(repr=False)

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """See ``ApiCaller``."""
        check_address(self.url)
        try:
            response = requests.request(
                method,
                self.url.rstrip("/") + path,
                params=dict(query or {}),
                json=None if body is None else dict(body),
                headers=_headers(self.key),
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TransientError("A API não respondeu.") from error
        try:
            found = response.json()
        except requests.JSONDecodeError:
            found = None
        return _answer(response.status_code, found)


def check_address(url: str) -> None:
    """Refuse to send a key in the clear. Raises ``PermanentError``."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise PermanentError("O endereço da API deve começar por https://.")


def _headers(key: str | None) -> dict[str, str]:
    found = {"Accept": "application/json"}
    return found if key is None else {**found, "Authorization": f"Bearer {key}"}


def _answer(status: int, found: Any) -> Mapping[str, Any]:
    if status < HTTPStatus.BAD_REQUEST and isinstance(found, dict):
        return found
    if not isinstance(found, dict) or "message" not in found:
        raise TransientError(f"A API respondeu {status} sem explicação.")
    faults = [f"{name}: {_flat(told)}" for name, told in _leaves(found.get("errors") or {})]
    raise ApiRefused(" ".join([str(found["message"]), *faults]), status)


def _leaves(errors: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    leaves: list[tuple[str, Any]] = []
    for name, told in errors.items():
        path = f"{prefix}{name}"
        if isinstance(told, Mapping):
            leaves += _leaves(told, f"{path}.")
        else:
            leaves.append((path.removeprefix("query.").removeprefix("json."), told))
    return leaves


def _flat(told: Any) -> str:
    return " ".join(str(part) for part in told) if isinstance(told, list) else str(told)
