"""JSON over HTTPS for every service here: one mapping from answers to the error tree.

Error messages name the service and the status, never the address or the body: both may hold
personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.auth import AuthBase
from urllib3.exceptions import MaxRetryError, NewConnectionError

from alquimista_integrations.outcome import OutcomeUnknown
from alquimista_sdk.errors import PermanentError, TransientError

TokenProvider = Callable[[], str]
Timeout = tuple[float, float]
DEFAULT_TIMEOUT: Timeout = (5.0, 20.0)
_TRANSIENT = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON body; an empty body is ``{}``."""

    status: int
    body: dict[str, Any]


class BearerToken(AuthBase):
    """Authorization by bearer token; as an auth object it also keeps ``~/.netrc`` out of it."""

    def __init__(self, provider: TokenProvider | None) -> None:
        self._provider = provider

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._provider is not None:
            request.headers["Authorization"] = f"Bearer {self._provider()}"
        return request


class RestClient:
    """A client of one service. ``timeout`` is (connect, read) in seconds."""

    def __init__(
        self,
        service: str,
        base_url: str,
        token: TokenProvider | None = None,
        timeout: Timeout = DEFAULT_TIMEOUT,
    ) -> None:
        self._service = service
        self._base_url = base_url.rstrip("/")
        self._auth = BearerToken(token)
        self._timeout = timeout

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """Call and answer; a status from 400 up is answered only where it is ``expected``.

        Raises:
            TransientError: no connection, 408, 425, 429, 5xx.
            OutcomeUnknown: the request was handed over and its answer was lost.
            PermanentError: any other status from 300 up, or a body that is not a JSON object.
        """
        response = self._exchange(method, path, body, params)
        if response.status_code < 300 or response.status_code in expected:
            return Answer(response.status_code, self._json(response))
        raise self._failure(method, response)

    def _exchange(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        params: Mapping[str, str] | None,
    ) -> requests.Response:
        with requests.Session() as session:
            try:
                return session.request(
                    method,
                    f"{self._base_url}{path}",
                    json=body,
                    params=params,
                    auth=self._auth,
                    timeout=self._timeout,
                    headers={"Accept": "application/json"},
                    allow_redirects=False,
                )
            except requests.ConnectionError as error:
                if _never_connected(error):
                    raise TransientError(f"{self._service}: sem conexão") from error
                raise OutcomeUnknown(f"{self._service}: conexão perdida") from error
            except requests.Timeout as error:
                raise OutcomeUnknown(f"{self._service}: tempo esgotado") from error
            except requests.RequestException as error:
                kind = type(error).__name__
                raise PermanentError(f"{self._service}: pedido inválido ({kind})") from error

    def _failure(self, method: str, response: requests.Response) -> Exception:
        status = response.status_code
        message = f"{self._service}: HTTP {status}"
        if status in _TRANSIENT:
            return TransientError(message)
        if status >= 500:
            # A gateway's own page, unlike the service's error, does not say what became of it.
            said_no = method == "GET" or status == 503 or _is_object(response)
            return TransientError(message) if said_no else OutcomeUnknown(message)
        return PermanentError(message, code=f"http_{status}")

    def _json(self, response: requests.Response) -> dict[str, Any]:
        if not response.content:
            return {}
        if not _is_object(response):
            raise PermanentError(f"{self._service}: a resposta não é um objeto JSON")
        body: dict[str, Any] = response.json()
        return body


def _is_object(response: requests.Response) -> bool:
    try:
        return isinstance(response.json(), dict)
    except requests.JSONDecodeError:
        return False


def _never_connected(error: requests.ConnectionError) -> bool:
    if isinstance(error, (requests.ConnectTimeout, requests.exceptions.SSLError)):
        return True
    cause = error.args[0] if error.args else None
    if isinstance(cause, MaxRetryError):
        cause = cause.reason
    return isinstance(cause, NewConnectionError)
