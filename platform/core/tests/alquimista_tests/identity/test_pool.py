"""The Cognito pool: its keys, its errors in our words, and what travels between two steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
import requests
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.identity import pool
from alquimista.plataforma.identity.errors import (
    AcessoRecusado,
    CodigoErrado,
    LinkInvalido,
    MuitasTentativas,
    SenhaErrada,
    SenhaFraca,
)
from alquimista.plataforma.identity.pool import PoolKeys, SegundoPasso, fetch_jwks, told
from alquimista_sdk.errors import CriticalError, TransientError


class Rotating:
    """A pool whose key changes; counts how often it is asked."""

    def __init__(self) -> None:
        self.kid = "um"
        self.asked = 0
        self.now = 0.0

    def fetch(self) -> Mapping[str, Any]:
        self.asked += 1
        return {"keys": [{"kid": self.kid, "kty": "RSA"}]}

    def keys(self) -> PoolKeys:
        return PoolKeys(self.fetch, lambda: self.now)


def refused(code: str, operation: str = "InitiateAuth") -> ClientError:
    """An error as boto3 raises it."""
    return ClientError(cast(Any, {"Error": {"Code": code, "Message": "x"}}), operation)


def test_keys_are_fetched_once_for_many_tokens() -> None:
    source = Rotating()
    keys = source.keys()
    assert all(keys.find("um") for _ in range(50))
    assert source.asked == 1


def test_an_unknown_key_id_fetches_again_and_finds_a_rotated_key() -> None:
    source = Rotating()
    keys = source.keys()
    assert keys.find("um")
    source.kid, source.now = "dois", 31.0
    assert keys.find("dois")
    assert keys.find("um") is None
    assert source.asked == 2


def test_made_up_key_ids_do_not_flood_the_pool() -> None:
    source = Rotating()
    keys = source.keys()
    for number in range(100):
        assert keys.find(f"x{number}") is None
    assert source.asked == 1


def test_keys_are_fetched_anew_after_an_hour() -> None:
    source = Rotating()
    keys = source.keys()
    keys.jwks()
    source.now = 3601.0
    assert keys.jwks() == {"keys": [{"kid": "um", "kty": "RSA"}]}
    assert source.asked == 2


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("NotAuthorizedException", SenhaErrada),
        ("UserNotFoundException", SenhaErrada),
        ("UserNotConfirmedException", SenhaErrada),
        ("PasswordResetRequiredException", SenhaErrada),
        ("InvalidParameterException", SenhaErrada),
        ("TooManyRequestsException", MuitasTentativas),
        ("LimitExceededException", MuitasTentativas),
        ("CodeMismatchException", CodigoErrado),
        ("ExpiredCodeException", CodigoErrado),
        ("InvalidPasswordException", SenhaFraca),
        ("ResourceNotFoundException", CriticalError),
    ],
)
def test_each_error_of_the_pool_has_one_of_ours(code: str, expected: type[Exception]) -> None:
    with pytest.raises(expected), told(SenhaErrada()):
        raise refused(code)


def test_a_wrong_code_of_a_letter_is_a_link_that_does_not_open() -> None:
    with pytest.raises(LinkInvalido), told(LinkInvalido("x")):
        raise refused("CodeMismatchException")


def test_a_pool_that_cannot_be_reached_is_tried_again() -> None:
    with pytest.raises(TransientError), told(SenhaErrada()):
        raise EndpointConnectionError(endpoint_url="https://x")


@given(st.text(), st.text(), st.text())
def test_the_first_step_survives_the_way_to_the_second(nome: str, sessao: str, email: str) -> None:
    passo = SegundoPasso(nome, sessao, email)
    assert SegundoPasso.unpack(passo.pack()) == passo


@given(st.text(max_size=40))
def test_any_other_text_is_no_challenge(text: str) -> None:
    try:
        passo = SegundoPasso.unpack(text)
    except AcessoRecusado:
        return
    assert SegundoPasso.unpack(passo.pack()) == passo


@pytest.mark.parametrize("body", ["{", "[]", '{"keys": 3}'])
def test_an_answer_that_is_no_key_set_is_refused(
    body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answered(*_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = 200
        response._content = body.encode()
        return response

    monkeypatch.setattr(pool.requests, "get", answered)
    with pytest.raises(TransientError):
        fetch_jwks("https://pool.example/jwks.json")
