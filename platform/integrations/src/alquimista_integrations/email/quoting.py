"""What a person wrote, without what they quoted and without signatures of their telephone."""

from __future__ import annotations

import re

_REST = r"[^\n]{0,200}(?:\n[^\n]{0,200}){0,2}?"
# The introduction of a quotation is wrapped over up to three lines, and names a day.
_MARKERS = (
    re.compile(rf"^(?:Em|No dia)\b[^\n]{{0,40}}\d{_REST}escreveu:\s*$", re.M),
    re.compile(rf"^On\b[^\n]{{0,40}}\d{_REST}wrote:\s*$", re.M),
    re.compile(
        r"^-{2,}\s*(?:Mensagem (?:original|encaminhada)|Original Message)\s*-{2,}", re.M | re.I
    ),
    re.compile(r"^_{10,}\s*\n\s*(?:De|From):", re.M),
    re.compile(r"^\*?(?:De|From):\*?\s[^\n]*\n\*?(?:Enviad[oa](?: em)?|Sent|Data|Date):", re.M),
)
_SIGNATURE = re.compile(r"^-- ?$", re.M)
_PHONE = re.compile(
    r"^(?:Enviado do meu|Enviado a partir do|Enviado via|Obter o Outlook para|Sent from my)\b.*$",
    re.M | re.I,
)


def strip_quoted(texto: str) -> str:
    """The words above quotation and signature; where there are none, the unquoted lines.

    A message that is nothing but a quotation stays as it is: better too much than nothing.
    """
    plain = texto.replace("\r\n", "\n").replace("\r", "\n").replace("\u200b", "")
    cut = min((m.start() for marker in _MARKERS if (m := marker.search(plain))), default=len(plain))
    return _own(plain[:cut]) or _own(_without_markers(plain)) or plain.strip()


def _without_markers(plain: str) -> str:
    for marker in _MARKERS[:3]:
        plain = marker.sub("", plain)
    return plain


def _own(part: str) -> str:
    part = _PHONE.sub("", _SIGNATURE.split(part, maxsplit=1)[0])
    lines = [line.rstrip() for line in part.split("\n") if not line.lstrip().startswith(">")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
