"""Finding the sentences of a passage that answer a question."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

_SENTENCE = re.compile(r"(?<=[.!?…])\s+(?=[\"“A-ZÀ-Ú0-9])")
_STEM = 5
_MIN_WORD = 4
_MAX_SENTENCES = 3


def answer_from(pergunta: str, trechos: Sequence[Mapping[str, Any]]) -> str | None:
    """At most three neighbouring sentences of the passage nearest to the question; None for none.

    Passages come best first; words in common decide only where a later one shares more of them.
    """
    filled = [trecho for trecho in trechos if str(trecho.get("texto", "")).strip()]
    if not filled:
        return None
    asked = stems(pergunta)
    best = max(filled, key=lambda t: len(asked & stems(f"{t.get('titulo', '')} {t['texto']}")))
    sentences = [s for s in _SENTENCE.split(" ".join(str(best["texto"]).split())) if s]
    hits = [index for index, sentence in enumerate(sentences) if asked & stems(sentence)]
    first = hits[0] if hits else 0
    last = hits[-1] if hits else min(1, len(sentences) - 1)
    chosen = sentences[first : min(last, first + _MAX_SENTENCES - 1) + 1]
    text = " ".join(chosen)
    return text if text[-1] in ".!?…" else f"{text}."


def stems(text: str) -> frozenset[str]:
    """The beginnings of the words that say something, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return frozenset(w[:_STEM] for w in re.findall(r"[a-z0-9]+", plain) if len(w) >= _MIN_WORD)
