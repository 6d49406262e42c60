"""Text as it is compared."""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alquimista.prospeccao.folding import folded


@pytest.mark.parametrize(
    ("text", "said"),
    [("Ação & Cia", "acao & cia"), ("Nº 1", "no 1"), ("\u3380", "pa"), ("日本", "")],
)
def test_accents_and_what_ascii_cannot_say_go(text: str, said: str) -> None:
    assert folded(text) == said


@given(st.text())
@example("".join(map(chr, [*range(0xD800), *range(0xE000, sys.maxunicode + 1)])))
def test_a_folded_text_is_lower_case_ascii_and_folds_to_itself(text: str) -> None:
    said = folded(text)
    assert said.isascii()
    assert said == said.lower() == folded(said)
