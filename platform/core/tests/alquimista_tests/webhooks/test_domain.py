"""Only who has the secret signs, only what was signed holds, and only for five minutes."""

from __future__ import annotations

import base64
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.webhooks.domain import ESPERAS, espera, headers, shown_secret, verify

SECRET = bytes(range(32))
NOW = 1_800_000_000


@given(st.binary(max_size=60), st.integers(-299, 299))
def test_a_fresh_delivery_verifies(body: bytes, age: int) -> None:
    sent = headers([SECRET], "id", NOW, body)
    assert verify(shown_secret(SECRET), sent, body, NOW + age)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_another_body_id_time_or_secret_does_not_verify(body: bytes, other: bytes) -> None:
    sent = headers([SECRET], "id", NOW, body)
    shown = shown_secret(SECRET)
    assert verify(shown, sent, other, NOW) == (body == other)
    assert not verify(shown, {**sent, "webhook-id": "outro"}, body, NOW)
    assert not verify(shown, {**sent, "webhook-timestamp": str(NOW + 1)}, body, NOW)
    assert not verify(shown_secret(bytes(32)), sent, body, NOW)


def test_a_delivery_that_is_replayed_later_does_not_verify() -> None:
    sent = headers([SECRET], "id", NOW, b"{}")
    assert not verify(shown_secret(SECRET), sent, b"{}", NOW + 301)
    assert not verify(shown_secret(SECRET), sent, b"{}", NOW - 301)


def test_what_is_no_delivery_does_not_verify() -> None:
    sent = dict(headers([SECRET], "id", NOW, b"{}"))
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert not verify(
            shown_secret(SECRET), {k: v for k, v in sent.items() if k != name}, b"{}", NOW
        )
    assert not verify(shown_secret(SECRET), {**sent, "webhook-timestamp": "x"}, b"{}", NOW)
    assert not verify("whsec_%", sent, b"{}", NOW)
    assert not verify(shown_secret(SECRET), {**sent, "webhook-signature": "v1,é"}, b"{}", NOW)


def test_the_example_of_the_specification_holds() -> None:
    """github.com/standard-webhooks/standard-webhooks, libraries' shared test vector."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    sent = headers([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert sent["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_waits_grow_and_end() -> None:
    assert [espera(n) for n in range(1, 8)] == list(ESPERAS)
    assert list(ESPERAS) == sorted(ESPERAS)
    assert espera(8) is None
    assert sum(ESPERAS, timedelta()) < timedelta(days=1)
