"""An agent's configuration: held to the manifest's JSON Schema, with defaults, faults in pt-BR."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from alquimista_sdk.errors import PermanentError

_TIPOS = {
    "string": "um texto",
    "integer": "um número inteiro",
    "number": "um número",
    "boolean": "sim ou não",
    "array": "uma lista",
    "object": "um objeto",
    "null": "vazio",
}
_MENSAGENS: Mapping[str, Callable[[Any], str]] = {
    "type": lambda value: f"informe {_tipos(value)}",
    "enum": lambda value: f"escolha um destes valores: {', '.join(map(str, value))}",
    "const": lambda value: f"o valor deve ser {value}",
    "minimum": lambda value: f"o menor valor é {value}",
    "maximum": lambda value: f"o maior valor é {value}",
    "exclusiveMinimum": lambda value: f"o valor deve ser maior que {value}",
    "exclusiveMaximum": lambda value: f"o valor deve ser menor que {value}",
    "multipleOf": lambda value: f"o valor deve ser múltiplo de {value}",
    "minLength": lambda value: f"escreva pelo menos {value} caracteres",
    "maxLength": lambda value: f"escreva no máximo {value} caracteres",
    "minItems": lambda value: f"informe pelo menos {value} itens",
    "maxItems": lambda value: f"informe no máximo {value} itens",
    "uniqueItems": lambda _: "há itens repetidos",
    "pattern": lambda _: "o formato não é o esperado",
    "format": lambda _: "o formato não é o esperado",
    "additionalProperties": lambda _: "há um campo que não existe",
    "required": lambda _: "falta um campo obrigatório",
}


class ConfigInvalida(PermanentError):
    """The configuration breaks the agent's schema; the message names fields and what to change."""

    code = "configuracao_invalida"


def with_defaults(schema: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with the schema's ``default`` wherever a property is missing."""
    filled = dict(config)
    properties = schema.get("properties", {})
    for name, part in properties.items():
        if name not in filled:
            if "default" in part:
                filled[name] = part["default"]
            elif part.get("type") == "object" and (nested := with_defaults(part, {})):
                filled[name] = nested
        elif isinstance(filled[name], Mapping):
            filled[name] = with_defaults(part, filled[name])
    return filled


def validate(schema: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Check a configuration with its defaults; answers it as given, without them.

    Defaults stay in the manifest, so that a new version's reach whoever has not chosen.

    Raises:
        ConfigInvalida: naming every wrong field.
    """
    if not schema:
        if config:
            raise ConfigInvalida("Este agente não tem configurações.")
        return {}
    filled = with_defaults(schema, config)
    faults = sorted(Draft202012Validator(schema).iter_errors(filled), key=lambda e: e.json_path)
    if faults:
        raise ConfigInvalida("; ".join(_explain(schema, fault) for fault in faults) + ".")
    return dict(config)


def _explain(schema: Mapping[str, Any], fault: ValidationError) -> str:
    keyword, wanted, found = str(fault.validator), fault.validator_value, fault.instance
    message = _MENSAGENS.get(keyword, lambda _: "o valor não é aceito")(wanted)
    names = [str(part) for part in fault.absolute_path]
    if keyword == "required" and isinstance(wanted, list) and isinstance(found, Mapping):
        names.append(", ".join(name for name in wanted if name not in found))
    if keyword == "additionalProperties" and isinstance(found, Mapping):
        part = fault.schema if isinstance(fault.schema, Mapping) else {}
        known = part.get("properties", {})
        names.append(", ".join(sorted(name for name in found if name not in known)))
    return f"{_label(schema, names)}: {message}"


def _label(schema: Mapping[str, Any], names: list[str]) -> str:
    """The title of a first-level field, else its path."""
    if len(names) == 1:
        title = schema.get("properties", {}).get(names[0], {}).get("title")
        if isinstance(title, str):
            return title
    return ".".join(names) or "configuração"


def _tipos(value: Any) -> str:
    names = value if isinstance(value, list) else [value]
    return " ou ".join(_TIPOS.get(name, str(name)) for name in names)
