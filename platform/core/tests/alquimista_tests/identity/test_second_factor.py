"""One-time codes and recovery codes, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.plataforma.identity.second_factor import (
    JANELA,
    PASSO_S,
    new_reserve_codes,
    otpauth,
    plain,
    step_of,
)

RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
AGORA = datetime(2026, 3, 2, 12, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_the_standard(moment: int, code: str) -> None:
    """RFC 6238, appendix B (SHA-1), the last six digits."""
    assert step_of(RFC_SECRET, code, datetime.fromtimestamp(moment, UTC)) == moment // PASSO_S


@given(st.integers(-5, 5))
def test_a_code_is_taken_within_one_step_and_names_its_own(distance: int) -> None:
    moment = AGORA + timedelta(seconds=PASSO_S * distance)
    code = pyotp.TOTP(RFC_SECRET).at(int(moment.timestamp()))
    found = step_of(RFC_SECRET, code, AGORA)
    expected = int(moment.timestamp()) // PASSO_S if abs(distance) <= JANELA else None
    assert found == expected


@given(st.text(max_size=12))
def test_a_text_that_is_no_code_breaks_nothing(code: str) -> None:
    known = {
        pyotp.TOTP(RFC_SECRET).at(int(AGORA.timestamp()), counter_offset=step)
        for step in (-1, 0, 1)
    }
    assert (step_of(RFC_SECRET, code, AGORA) is not None) == (code in known)


def test_reserve_codes_differ_and_are_easy_to_read() -> None:
    codes = {code for _ in range(20) for code in new_reserve_codes()}
    assert len(codes) == 200
    assert all(len(code) == 14 and set("IOL01") & set(code) == set() for code in codes)


def test_a_code_is_compared_as_people_type_it() -> None:
    assert plain(" abcd-efgh 2345 ") == plain("ABCD-EFGH-2345") == "ABCDEFGH2345"


def test_the_address_for_apps_names_issuer_and_person() -> None:
    address = otpauth(RFC_SECRET, "ana@x.example.com")
    assert address.startswith("otpauth://totp/Alquimista:ana%40x.example.com?secret=" + RFC_SECRET)
    assert "issuer=Alquimista" in address
