"""Text as it is compared: names of columns and companies, words of questions and objections."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Lower case in ASCII, without accents and what ASCII cannot say; folded twice it is the same.

    Lower-cased at the end, because normalising brings capitals forth (U+3380 stands for "pA").
    """
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
