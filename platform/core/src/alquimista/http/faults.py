"""marshmallow's messages in pt-BR, as a person reads them beside a field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_EXACT: Mapping[str, str] = {
    "Missing data for required field.": "Campo obrigatório.",
    "Field may not be null.": "O valor não pode ser nulo.",
    "Unknown field.": "Campo desconhecido.",
    "Invalid input type.": "O tipo do valor não é o esperado.",
    "Invalid type.": "O tipo do valor não é o esperado.",
    "Invalid value.": "O valor não é válido.",
    "Not a valid string.": "O valor deve ser um texto.",
    "Not a valid utf-8 string.": "O texto não está em UTF-8.",
    "Not a valid integer.": "O valor deve ser um número inteiro.",
    "Not a valid number.": "O valor deve ser um número.",
    "Number too large.": "O número é grande demais.",
    "Not a valid boolean.": "O valor deve ser verdadeiro ou falso.",
    "Not a valid list.": "O valor deve ser uma lista.",
    "Not a valid mapping type.": "O valor deve ser um objeto.",
    "Not a valid UUID.": "O valor não é um UUID.",
    "Not a valid date.": "A data não é válida; use AAAA-MM-DD.",
    "Not a valid datetime.": "A data e a hora não são válidas; use o formato ISO 8601.",
    "Not a valid email address.": "O e-mail não é válido.",
    "Not a valid file.": "O valor deve ser um arquivo.",
    "String does not match expected pattern.": "O texto não tem o formato esperado.",
}
_SHAPED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), said)
    for pattern, said in (
        (r"Must be one of: (.*)\.", r"O valor deve ser um destes: \1."),
        (
            r"Length must be between (\S+) and (\S+)\.",
            r"O tamanho deve ficar entre \1 e \2.",
        ),
        (r"Shorter than minimum length (\S+)\.", r"O tamanho mínimo é \1."),
        (r"Longer than maximum length (\S+)\.", r"O tamanho máximo é \1."),
        (r"Length must be (\S+)\.", r"O tamanho deve ser \1."),
        (
            r"Must be greater than or equal to (\S+) and less than or equal to (\S+)\.",
            r"O valor deve ficar entre \1 e \2.",
        ),
        (r"Must be greater than or equal to (\S+)\.", r"O menor valor é \1."),
        (r"Must be less than or equal to (\S+)\.", r"O maior valor é \1."),
        (r"Not a valid (?:naive|aware) datetime\.", "A data e a hora precisam do fuso."),
    )
)


def translated(messages: Any) -> Any:
    """The messages of a ``ValidationError`` in pt-BR; our own words pass as they are."""
    if isinstance(messages, dict):
        return {key: translated(inner) for key, inner in messages.items()}
    if isinstance(messages, list):
        return [translated(inner) for inner in messages]
    return _translate(messages) if isinstance(messages, str) else messages


def _translate(message: str) -> str:
    for pattern, said in _SHAPED:
        found = pattern.fullmatch(message)
        if found is not None:
            return found.expand(said)
    return _EXACT.get(message, message)
