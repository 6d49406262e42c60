"""Running hooks on a twin the way the platform runs them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from alquimista_sdk.errors import (
    InvalidPayload,
    ManifestInvalid,
    OperationUnavailable,
    VersionConflict,
)
from alquimista_sdk.events import AgentEvent
from alquimista_sdk.manifest import MANIFEST_FILE, Manifest, parse_manifest
from alquimista_sdk.testing.twin import TwinContext

MAX_RUNS = 3
"""How often the platform runs a handler again where a row changed between read and commit."""


def package_folder(package: str) -> Path:
    """The folder of a package that can be imported. Raises ``ManifestInvalid`` otherwise."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ManifestInvalid(f"package {package} is not installed")
    return Path(spec.submodule_search_locations[0])


def load_manifest(package: str) -> Manifest:
    """Read the manifest of a package that can be imported.

    Raises:
        ManifestInvalid: there is no such package, or its manifest is missing or wrong.
    """
    path = package_folder(package) / MANIFEST_FILE
    if not path.is_file():
        raise ManifestInvalid(f"{package}: {MANIFEST_FILE} is missing from the package")
    return parse_manifest(path.read_text(encoding="utf-8"))


def run(module: ModuleType, event: AgentEvent, twin: TwinContext, *, runs: int = 1) -> None:
    """Call ``agent_handle_event`` and commit; where the handler raises, its writes are discarded.

    ``runs`` is how often a version conflict may start the handler (the platform: ``MAX_RUNS``).
    """
    for left in reversed(range(runs)):
        twin.for_event(event)
        try:
            module.agent_handle_event(event=event, context=twin)
            twin.commit()
        except VersionConflict:
            twin.rollback()
            if not left:
                raise
        except BaseException:
            twin.rollback()
            raise
        else:
            return


def invoke(
    module: ModuleType, operation: str, payload: Mapping[str, Any], twin: TwinContext
) -> Mapping[str, Any]:
    """Call ``agent_invoke`` read-only, with both schemas checked.

    Raises:
        OperationUnavailable: the manifest does not declare the operation, or nothing answers it.
        InvalidPayload: input or output breaks its schema.
    """
    declared = twin.manifest.operation(operation)
    if declared is None:
        raise OperationUnavailable(f"{twin.manifest.slug} declares no {operation}")
    _validate(declared.input, payload, f"{operation} input")
    twin.for_operation()
    answer = module.agent_invoke(operation=operation, payload=payload, context=twin)
    if answer is None:
        raise OperationUnavailable(f"{twin.manifest.slug} does not answer {operation}")
    _validate(declared.output, answer, f"{operation} output")
    result: Mapping[str, Any] = answer
    return result


def _validate(schema: Mapping[str, Any], value: Mapping[str, Any], what: str) -> None:
    error = best_match(Draft202012Validator(dict(schema)).iter_errors(value))
    if error is not None:
        raise InvalidPayload(f"{what} at {error.json_path}: {error.message}")
