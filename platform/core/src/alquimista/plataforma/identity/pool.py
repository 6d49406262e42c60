"""A Cognito user pool as the home of identity calls it: its errors in our words, and its keys."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

import requests
from botocore.exceptions import BotoCoreError, ClientError

from alquimista.plataforma.identity.errors import (
    AcessoRecusado,
    CodigoErrado,
    LinkInvalido,
    MuitasTentativas,
    SenhaFraca,
)
from alquimista_sdk.errors import AlquimistaError, CriticalError, TransientError

if TYPE_CHECKING:
    from types_boto3_cognito_idp import CognitoIdentityProviderClient

    from alquimista.settings import Cognito

logger = logging.getLogger(__name__)
_TIMEOUT_S = 5.0
_FRESH_S = 3600.0
_RETRY_S = 30.0
_WAIT_S = 60
_WRONG = frozenset(
    {
        "NotAuthorizedException",
        "PasswordResetRequiredException",
        "UserNotConfirmedException",
        "UserNotFoundException",
    }
)
_BUSY = frozenset(
    {"LimitExceededException", "TooManyFailedAttemptsException", "TooManyRequestsException"}
)
_CODE = frozenset(
    {"CodeMismatchException", "EnableSoftwareTokenMFAException", "ExpiredCodeException"}
)


@dataclass(frozen=True, slots=True)
class SegundoPasso:
    """What the second step of a login needs to know of the first; travels through the caller.

    It proves nothing by itself: the pool checks ``sessao`` against the person.
    """

    nome: str
    sessao: str
    email: str

    def pack(self) -> str:
        """As one opaque text."""
        raw = json.dumps([self.nome, self.sessao, self.email]).encode()
        return base64.urlsafe_b64encode(raw).decode()

    @classmethod
    def unpack(cls, text: str) -> SegundoPasso:
        """Read what ``pack`` wrote.

        Raises:
            AcessoRecusado: it is none.
        """
        try:
            raw = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
            nome, sessao, email = raw
        except (binascii.Error, ValueError, TypeError) as error:
            raise AcessoRecusado("O desafio é inválido ou venceu. Entre de novo.") from error
        if not all(isinstance(part, str) for part in (nome, sessao, email)):
            raise AcessoRecusado("O desafio é inválido ou venceu. Entre de novo.")
        return cls(nome, sessao, email)


class PoolKeys:
    """The pool's public keys: kept for an hour, and fetched again when an unknown id is asked for.

    Unknown ids, which anybody may send, make one request in ``_RETRY_S`` at most.
    """

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()
        self._keys: dict[str, Mapping[str, str]] = {}
        self._loaded_at = float("-inf")

    def find(self, kid: str) -> Mapping[str, str] | None:
        """A key by its id; None where the pool has no such key."""
        found = self._current(_FRESH_S).get(kid)
        return found if found is not None else self._current(_RETRY_S).get(kid)

    def jwks(self) -> Mapping[str, Any]:
        """All of them, as a JSON Web Key Set."""
        return {"keys": list(self._current(_FRESH_S).values())}

    def _current(self, older_than: float) -> dict[str, Mapping[str, str]]:
        with self._lock:
            if not self._keys or self._clock() - self._loaded_at > older_than:
                answer = self._fetch()
                self._keys = {str(key["kid"]): key for key in answer["keys"]}
                self._loaded_at = self._clock()
            return self._keys


def fetch_jwks(url: str) -> Mapping[str, Any]:
    """The key set at an address.

    Raises:
        TransientError: it cannot be read now.
    """
    try:
        answer = requests.get(url, timeout=_TIMEOUT_S, allow_redirects=False)
        answer.raise_for_status()
        found: Mapping[str, Any] = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise TransientError(f"the pool's keys cannot be read: {type(error).__name__}") from error
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise TransientError("the pool's keys are no key set")
    return found


def pool_keys(settings: Cognito) -> PoolKeys:
    """The keys of the configured pool."""
    base = f"{settings.endpoint.rstrip('/')}/{settings.pool_id}" if settings.endpoint else None
    url = f"{base or settings.issuer}/.well-known/jwks.json"
    return PoolKeys(lambda: fetch_jwks(url), monotonic)


def pool_client(settings: Cognito) -> CognitoIdentityProviderClient:
    """boto3's client of the configured pool, imported only where a pool is configured."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "cognito-idp",
        region_name=settings.region,
        endpoint_url=settings.endpoint,
        config=Config(connect_timeout=3, read_timeout=10, retries={"max_attempts": 2}),
    )


def code_of(error: ClientError) -> str:
    """The name of a pool's error."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def told(wrong: AlquimistaError) -> Iterator[None]:
    """Turn the pool's errors into ours; ``wrong`` is for a person or password that is not right.

    Raises:
        MuitasTentativas: the pool throttles.
        CodigoErrado, LinkInvalido, SenhaFraca: as the pool says.
        CriticalError: the pool is not configured as we need it.
        TransientError: the pool cannot be reached.
    """
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code == "InvalidParameterException":
            logger.warning("the pool refused an input", extra={"operation": error.operation_name})
            raise wrong from error
        if code in _WRONG:
            raise wrong from error
        if code in _BUSY:
            raise MuitasTentativas(_WAIT_S) from error
        if code in _CODE:
            raise (wrong if isinstance(wrong, LinkInvalido) else CodigoErrado()) from error
        if code == "InvalidPasswordException":
            raise SenhaFraca("A senha não cumpre a política do provedor de acesso.") from error
        logger.error("the pool refused", extra={"code": code, "operation": error.operation_name})
        raise CriticalError(f"Cognito: {error.operation_name} failed with {code}") from error
    except BotoCoreError as error:
        raise TransientError(f"Cognito: {type(error).__name__}") from error
