"""An error's text is a stranger's: what is stored of it can always be stored."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fibonacci_bus.errors import described


class Mute(Exception):
    """Its text cannot be read."""

    def __str__(self) -> str:
        raise ValueError("no words")


@given(st.text(st.characters()))
def test_any_text_becomes_short_valid_utf8_without_nul(words: str) -> None:
    told = described(RuntimeError(words))
    assert told.startswith("RuntimeError: ")
    assert "\x00" not in told
    assert len(told.encode()) <= 20_000


def test_an_endless_text_is_cut_and_a_text_that_fails_is_told() -> None:
    assert described(ValueError("x" * 9000)) == "ValueError: " + "x" * 4000
    assert described(Mute()) == "Mute: (no text: ValueError)"
    assert described(SystemExit(3)) == "SystemExit: 3"
