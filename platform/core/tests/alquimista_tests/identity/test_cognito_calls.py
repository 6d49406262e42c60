"""What the Cognito home asks of the pool where moto does not follow, and what it does with a no."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import boto3
import pytest
from botocore.stub import Stubber

from alquimista.plataforma.identity.cognito import CognitoIdentity
from alquimista.plataforma.identity.errors import LinkInvalido
from alquimista.plataforma.identity.port import Origem
from alquimista.settings import Cognito
from alquimista_sdk.errors import CriticalError

EMAIL = "ana@x.example.com"
CADASTRO = UUID(int=7)
POOL = Cognito("sa-east-1_Abc", "app", "sa-east-1")
ASKED = {"ClientId": "app", "Username": EMAIL}


class NoGates:
    """Attempts that nobody counts."""

    def letter(self, *_: Any) -> dict[str, int]:
        return {}

    def take(self, _: Any) -> None:
        return None


@pytest.fixture
def pool() -> Iterator[Stubber]:
    """boto3's client with canned answers; each must be asked for as expected."""
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(session.client("cognito-idp", region_name=POOL.region)) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()
        stubbed.client.close()


def home(pool: Stubber, waiting: str | None = EMAIL) -> CognitoIdentity:
    """The home over the canned pool; one sign-up waits, or none."""
    pending = SimpleNamespace(email=waiting) if waiting else None
    return CognitoIdentity(
        database=cast(Any, None),
        settings=POOL,
        client=cast(Any, pool.client),
        keys=cast(Any, None),
        signups=cast(Any, SimpleNamespace(pending=lambda _: pending)),
        attempts=cast(Any, NoGates()),
        clock=lambda: datetime(2026, 3, 2, tzinfo=UTC),
    )


def test_a_code_is_sent_again_to_the_address_of_the_sign_up(pool: Stubber) -> None:
    pool.add_response("resend_confirmation_code", {}, ASKED)
    home(pool).resend(CADASTRO, Origem())
    pool.assert_no_pending_responses()


def test_nothing_is_asked_for_a_sign_up_that_does_not_wait(pool: Stubber) -> None:
    home(pool, waiting=None).resend(CADASTRO, Origem())
    pool.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["UserNotFoundException", "InvalidParameterException"])
def test_a_person_who_is_confirmed_already_is_not_told_of(pool: Stubber, code: str) -> None:
    pool.add_client_error("resend_confirmation_code", code, expected_params=ASKED)
    home(pool).resend(CADASTRO, Origem())
    pool.assert_no_pending_responses()


@pytest.mark.parametrize(
    "code",
    [
        "UserNotFoundException",
        "InvalidParameterException",
        "NotAuthorizedException",
        "LimitExceededException",
    ],
)
def test_a_forgotten_password_of_nobody_is_answered_as_of_somebody(
    pool: Stubber, code: str
) -> None:
    pool.add_client_error("forgot_password", code, expected_params=ASKED)
    home(pool).forgot(EMAIL.upper(), Origem())
    pool.assert_no_pending_responses()


def test_a_pool_that_is_set_up_wrong_is_told_to_operators(pool: Stubber) -> None:
    pool.add_client_error("forgot_password", "InvalidEmailRoleAccessPolicyException")
    with pytest.raises(CriticalError, match="InvalidEmailRoleAccessPolicy"):
        home(pool).forgot(EMAIL, Origem())


def test_a_wrong_code_of_the_pool_confirms_nothing(pool: Stubber) -> None:
    pool.add_client_error(
        "confirm_sign_up",
        "CodeMismatchException",
        expected_params={**ASKED, "ConfirmationCode": "000000"},
    )
    with pytest.raises(LinkInvalido):
        home(pool).confirm(str(CADASTRO), "000000")


def test_a_confirmation_needs_a_code_and_a_sign_up_that_waits(pool: Stubber) -> None:
    for found, codigo in ((home(pool), None), (home(pool, waiting=None), "123456")):
        with pytest.raises(LinkInvalido):
            found.confirm(str(CADASTRO), codigo)
