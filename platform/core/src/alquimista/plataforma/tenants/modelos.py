"""Message templates that Meta approved for the tenant's WhatsApp number.

Source: Meta, "WhatsApp Business Platform: Message templates" (names of lower-case letters, digits
and underscores, 512 characters at most; language codes such as pt_BR).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from alquimista.plataforma.tenants.leitura import ConfiguracaoInvalida, object_of, text_of, texts_of

PARAMETROS = ("mensagem", "contato", "empresa", "vendedor", "conta")
"""What a template's places may be filled with, in the template's own order."""
ETAPAS = ("topo", "meio", "fundo", "resposta")
MAX_MODELOS = 50
CAMPO = "modelos_whatsapp"
_NOME = re.compile(r"^[a-z0-9_]{1,512}$")
_IDIOMA = re.compile(r"^[a-z]{2,3}(_[A-Z]{2})?$")
_CHAVES = ("nome", "idioma", "parametros", "etapa", "campanha_id")


@dataclass(frozen=True, slots=True)
class ModeloWhatsApp:
    """An approved template; ``etapa`` and ``campanha_id`` narrow where it is used.

    Raises:
        ConfiguracaoInvalida: at construction, naming the first wrong field.
    """

    nome: str
    idioma: str = "pt_BR"
    parametros: tuple[str, ...] = ("mensagem",)
    etapa: str | None = None
    campanha_id: UUID | None = None

    def __post_init__(self) -> None:
        if not _NOME.match(self.nome):
            raise ConfiguracaoInvalida(
                f"{CAMPO}.nome", "use letras minúsculas, números e sublinhado, como na Meta"
            )
        if not _IDIOMA.match(self.idioma):
            raise ConfiguracaoInvalida(f"{CAMPO}.idioma", "informe o idioma como pt_BR")
        for parametro in self.parametros:
            if parametro not in PARAMETROS:
                raise ConfiguracaoInvalida(
                    f"{CAMPO}.parametros", f"escolha entre {', '.join(PARAMETROS)}"
                )
        if self.etapa is not None and self.etapa not in ETAPAS:
            raise ConfiguracaoInvalida(f"{CAMPO}.etapa", f"escolha entre {', '.join(ETAPAS)}")

    def to_json(self) -> dict[str, Any]:
        """What ``read_modelos`` reads."""
        return {
            "nome": self.nome,
            "idioma": self.idioma,
            "parametros": list(self.parametros),
            "etapa": self.etapa,
            "campanha_id": str(self.campanha_id) if self.campanha_id is not None else None,
        }


def read_modelos(campo: str, value: Any) -> tuple[ModeloWhatsApp, ...]:
    """The templates of a settings object.

    Raises:
        ConfiguracaoInvalida: a field is unknown, has the wrong type or a wrong value.
    """
    if not isinstance(value, list | tuple):
        raise ConfiguracaoInvalida(campo, "informe uma lista de modelos")
    if len(value) > MAX_MODELOS:
        raise ConfiguracaoInvalida(campo, f"informe até {MAX_MODELOS} modelos")
    return tuple(_modelo(campo, item) for item in value)


def check_modelos(modelos: Sequence[ModeloWhatsApp]) -> None:
    """Two templates for one purpose leave open which is sent. Raises ``ConfiguracaoInvalida``."""
    purposes = [(modelo.campanha_id, modelo.etapa) for modelo in modelos]
    if len(set(purposes)) != len(purposes):
        raise ConfiguracaoInvalida(CAMPO, "há dois modelos para a mesma campanha e etapa")


def _modelo(campo: str, value: Any) -> ModeloWhatsApp:
    raw = object_of(campo, value, _CHAVES)
    fields: dict[str, Any] = {
        name: text_of(f"{campo}.{name}", raw[name])
        for name in ("nome", "idioma", "etapa", "campanha_id")
        if raw.get(name) is not None
    }
    if "nome" not in fields:
        raise ConfiguracaoInvalida(f"{campo}.nome", "informe o nome do modelo na Meta")
    if "campanha_id" in fields:
        try:
            fields["campanha_id"] = UUID(fields["campanha_id"])
        except ValueError as error:
            raise ConfiguracaoInvalida(
                f"{campo}.campanha_id", "informe o identificador da campanha"
            ) from error
    if raw.get("parametros") is not None:
        fields["parametros"] = texts_of(f"{campo}.parametros", raw["parametros"])
    return ModeloWhatsApp(**fields)
