"""Settings out of JSON: one value of one type, or an error that names the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from alquimista_sdk.errors import PermanentError


class ConfiguracaoInvalida(PermanentError):
    """A setting is wrong; ``campo`` names it and the message says what to change."""

    code = "configuracao_invalida"

    def __init__(self, campo: str, mensagem: str) -> None:
        super().__init__(f"{campo}: {mensagem}.")
        self.campo = campo


def text_of(campo: str, value: Any) -> str:
    """A text. Raises ``ConfiguracaoInvalida``."""
    if not isinstance(value, str):
        raise ConfiguracaoInvalida(campo, "informe um texto")
    return value


def optional_text_of(campo: str, value: Any) -> str | None:
    """A text or nothing. Raises ``ConfiguracaoInvalida``."""
    return None if value is None else text_of(campo, value)


def texts_of(campo: str, value: Any) -> tuple[str, ...]:
    """A list of texts. Raises ``ConfiguracaoInvalida``."""
    if not isinstance(value, list | tuple):
        raise ConfiguracaoInvalida(campo, "informe uma lista de textos")
    return tuple(text_of(campo, item) for item in value)


def flag_of(campo: str, value: Any) -> bool:
    """True or False. Raises ``ConfiguracaoInvalida``."""
    if not isinstance(value, bool):
        raise ConfiguracaoInvalida(campo, "responda sim ou não")
    return value


def integer_of(campo: str, value: Any) -> int:
    """A whole number. Raises ``ConfiguracaoInvalida``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfiguracaoInvalida(campo, "informe um número inteiro")
    return value


def object_of(campo: str, value: Any, keys: Sequence[str]) -> Mapping[str, Any]:
    """An object with these keys at most. Raises ``ConfiguracaoInvalida``."""
    if not isinstance(value, Mapping):
        raise ConfiguracaoInvalida(campo, "informe um objeto")
    unknown = sorted(set(value) - set(keys))
    if unknown:
        raise ConfiguracaoInvalida(f"{campo}.{unknown[0]}", "esta configuração não existe")
    return value
