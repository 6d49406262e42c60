"""Hiding personal data from logs and error texts: by the field's name, and by what a text holds.

It hides too much rather than too little: a long number that is no phone is lost as well. Ids
(UUID) and ISO 8601 moments stay readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

OCULTO = "[oculto]"
EMAIL = "[e-mail]"
NUMERO = "[número]"
DOCUMENTO = "[documento]"
Marca = Callable[[str, str], str]
"""What stands for a value: takes the kind of mark, such as ``[e-mail]``, and the value."""
PERSONAL = frozenset(
    {
        "authorization",
        "body",
        "cnpj",
        "contato",
        "corpo",
        "cookie",
        "cpf",
        "destinatario",
        "destinatarios",
        "email",
        "emails",
        "endereco",
        "fone",
        "history",
        "mail",
        "mensagem",
        "mensagens",
        "message",
        "nome",
        "password",
        "payload",
        "phone",
        "remetente",
        "resposta",
        "resumo",
        "senha",
        "secret",
        "telefone",
        "telefones",
        "text",
        "texto",
        "token",
        "whatsapp",
    }
)
"""Words of a field's name that mark it as personal or secret."""
_IDENTIFIERS = ("id", "ids")
_DEPTH = 8
_MAX_PLAIN_INTEGER = 10**7
_KEPT = re.compile(
    r"(?<![0-9A-Za-z+])"
    r"(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?)"
    r"(?![0-9A-Za-z])"
)
_WORD = re.compile(r"\S+")
_DOCUMENTO = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{3}\.\d{3}\.\d{3}-\d{2}"
    r"|[0-9A-Za-z]{2}\.[0-9A-Za-z]{3}\.[0-9A-Za-z]{3}/[0-9A-Za-z]{4}-\d{2}"
    r"|(?=[0-9A-Z]*\d)[0-9A-Z]{12}\d{2})(?![0-9A-Za-z])"
)
_SEPARATORS = r"[ .()/\u00a0\u2010-\u2015-]{0,3}"
_NUMERO = re.compile(
    rf"\+?\(?\d(?:{_SEPARATORS}\d){{9,}}"
    rf"|\+\d(?:{_SEPARATORS}\d){{6,}}"
    r"|(?<!\d)9?\d{4}[ .\u00a0\u2010-\u2015-]?\d{4}(?!\d)"
)


def is_personal(name: str) -> bool:
    """Whether a field's name says that its value is personal or secret."""
    words = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower().replace("-", "_").split("_")
    if words[-1] in _IDENTIFIERS and len(words) > 1:
        return False
    return not PERSONAL.isdisjoint(words) or "email" in "".join(words)


def plain_mark(kind: str, value: str) -> str:
    """The mark that tells the kind only."""
    return kind


def mask_text(text: str, marca: Marca = plain_mark) -> str:
    """A text without e-mail addresses, phones and Brazilian documents."""
    parts: list[str] = []
    end = 0
    plain = text
    if "@" in text:
        plain = _WORD.sub(lambda match: _mask_address(match.group(), marca), text)
    for kept in _KEPT.finditer(plain):
        parts += [_mask_numbers(plain[end : kept.start()], marca), kept.group()]
        end = kept.end()
    parts.append(_mask_numbers(plain[end:], marca))
    return "".join(parts)


def mask(value: Any, name: str = "", depth: int = 0) -> Any:
    """A JSON-like value without personal data; what is no JSON becomes its masked text."""
    if value is None or isinstance(value, bool | float):
        return value
    if name and is_personal(name):
        return OCULTO
    if isinstance(value, int):
        return value if abs(value) < _MAX_PLAIN_INTEGER else NUMERO
    if depth > _DEPTH:
        return OCULTO
    if isinstance(value, Mapping):
        return {mask_text(str(k)): mask(v, str(k), depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask(item, "", depth + 1) for item in value]
    return mask_text(str(value))


def _mask_address(word: str, marca: Marca) -> str:
    return marca(EMAIL, word) if "@" in word[1:] else word


def _mask_numbers(text: str, marca: Marca) -> str:
    plain = _DOCUMENTO.sub(lambda match: marca(DOCUMENTO, match.group()), text)
    return _NUMERO.sub(lambda match: marca(NUMERO, match.group()), plain)
