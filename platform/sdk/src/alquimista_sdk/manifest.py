"""The manifest: ``agent.toml`` as data, read without importing the agent's code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from croniter import croniter
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from alquimista_sdk.context import SCOPES
from alquimista_sdk.errors import InvalidEvent, ManifestInvalid
from alquimista_sdk.events import SUBJECT_TYPES
from alquimista_sdk.schemas import SchemaValidator

SDK_VERSION = "0.1.0"
MANIFEST_FILE = "agent.toml"
_SLUG = re.compile(r"^[a-z][a-z0-9_]{2,62}$")
_EVENT = re.compile(r"^[a-z0-9_]+(\.[a-z0-9_]+)+$")
_DYNAMIC_SCOPES = ("tools:", "operations:")


@dataclass(frozen=True, slots=True)
class Scope:
    """A permission that the agent asks for, and why (pt-BR, shown when activating)."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """An EventBridge pattern; what it matches is delivered to the agent's queue."""

    name: str
    pattern: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A cron expression in the tenant's zone; it fires ``alquimista.timer`` / ``name``."""

    name: str
    cron: str


@dataclass(frozen=True, slots=True)
class Operation:
    """A read-only request/response with JSON Schemas."""

    name: str
    description: str
    input: Mapping[str, Any]
    output: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Publication:
    """An event that is published: what it tells (pt-BR), of what, and its metadata's JSON Schema.

    All but the name may be left out; what is given is held to when the event is published.
    """

    name: str
    description: str = ""
    subject: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def check(self, subject: str, metadata: Mapping[str, Any]) -> None:
        """Hold an event to its declaration. ``subject`` is the subject's type.

        Raises:
            InvalidEvent: with the path of the first field that breaks it.
        """
        if self.subject is not None and subject != self.subject:
            raise InvalidEvent(
                "detail.subject.type", f"{self.name} is about a {self.subject}, not a {subject}"
            )
        if not self.metadata:
            return
        error = best_match(SchemaValidator(self.metadata).iter_errors(dict(metadata)))
        if error is not None:
            path = "".join(f".{step}" for step in error.absolute_path)
            # the message names the rule only: a value may be personal data
            raise InvalidEvent(
                f"detail.context.metadata{path}", f"{self.name} breaks the rule {error.validator}"
            )


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that the platform knows of an agent before running it."""

    slug: str
    name: str
    version: str
    title: str
    description: str
    category: str
    publisher: str
    sdk: str
    source: str
    timeout_s: int
    memory_mb: int
    scopes: tuple[Scope, ...]
    subscriptions: tuple[Subscription, ...]
    schedules: tuple[Schedule, ...] = ()
    operations: tuple[Operation, ...] = ()
    publishes: tuple[str, ...] = ()
    config_schema: Mapping[str, Any] = field(default_factory=dict)
    cards: tuple[Mapping[str, Any], ...] = ()
    publications: tuple[Publication, ...] = ()

    @property
    def scope_names(self) -> frozenset[str]:
        """The names of the scopes."""
        return frozenset(scope.name for scope in self.scopes)

    def operation(self, name: str) -> Operation | None:
        """The operation of that name, if the agent offers it."""
        return next((item for item in self.operations if item.name == name), None)

    def publication(self, name: str) -> Publication | None:
        """The declaration of an event that the agent publishes, by its full name."""
        return next((item for item in self.publications if item.name == name), None)


def load_for_entry_point(entry_point: EntryPoint) -> Manifest:
    """Read the manifest of an installed agent, finding its file without importing its code.

    Raises:
        ManifestInvalid: the file is missing or wrong, or its slug differs from the entry point.
    """
    package = entry_point.module.partition(".")[0]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ManifestInvalid(f"package {package} is not installed")
    path = Path(spec.submodule_search_locations[0]) / MANIFEST_FILE
    if not path.is_file():
        raise ManifestInvalid(f"{package}: {MANIFEST_FILE} is missing from the package")
    manifest = parse_manifest(path.read_text(encoding="utf-8"))
    if not manifest.slug == entry_point.name == package:
        raise ManifestInvalid(
            f"slug {manifest.slug!r}, entry point {entry_point.name!r} and package {package!r} "
            "must be one name"
        )
    return manifest


@lru_cache(maxsize=64)
def parse_manifest(text: str) -> Manifest:
    """Read and validate the text of an ``agent.toml``; the same text is read once.

    Raises:
        ManifestInvalid: naming the key and what to change.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ManifestInvalid(f"not TOML: {error}") from error
    manifest = Manifest(
        slug=_text(raw, "slug"),
        name=_text(raw, "name"),
        version=_text(raw, "version"),
        title=_text(raw, "title"),
        description=_text(raw, "description"),
        category=_text(raw, "category"),
        publisher=_text(raw, "publisher"),
        sdk=_text(raw, "sdk"),
        source=_text(raw, "source"),
        timeout_s=_number(raw, "timeout_s", 1, 900),
        memory_mb=_number(raw, "memory_mb", 128, 10240),
        scopes=tuple(
            Scope(_text(item, "name", f"scopes[{i}]."), _text(item, "reason", f"scopes[{i}]."))
            for i, item in enumerate(_tables(raw, "scopes"))
        ),
        subscriptions=tuple(
            Subscription(
                _text(item, "name", f"subscriptions[{i}]."),
                _table(item, "pattern", f"subscriptions[{i}]."),
            )
            for i, item in enumerate(_tables(raw, "subscriptions"))
        ),
        schedules=tuple(
            Schedule(
                _text(item, "name", f"schedules[{i}]."), _text(item, "cron", f"schedules[{i}].")
            )
            for i, item in enumerate(_tables(raw, "schedules"))
        ),
        operations=tuple(
            Operation(
                _text(item, "name", f"operations[{i}]."),
                _text(item, "description", f"operations[{i}]."),
                _table(item, "input", f"operations[{i}]."),
                _table(item, "output", f"operations[{i}]."),
            )
            for i, item in enumerate(_tables(raw, "operations"))
        ),
        publishes=tuple(_text(item, "name", "publishes.") for item in _tables(raw, "publishes")),
        config_schema=_table(raw, "config") if "config" in raw else {},
        cards=tuple(_tables(raw, "cards")),
        publications=tuple(_publication(item) for item in _tables(raw, "publishes")),
    )
    _check(manifest)
    return manifest


def _publication(raw: Mapping[str, Any]) -> Publication:
    name = _text(raw, "name", "publishes.")
    path = f"publishes.{name}."
    return Publication(
        name=name,
        description=_text(raw, "description", path) if "description" in raw else "",
        subject=_text(raw, "subject", path) if "subject" in raw else None,
        metadata=_table(raw, "metadata", path) if "metadata" in raw else {},
    )


def _check(manifest: Manifest) -> None:
    if not _SLUG.match(manifest.slug):
        raise ManifestInvalid("slug: lower-case letters, digits and underscores, 3 to 63")
    try:
        Version(manifest.version)
        accepted = SpecifierSet(manifest.sdk)
    except (InvalidVersion, InvalidSpecifier) as error:
        raise ManifestInvalid(f"version or sdk: {error}") from error
    if SDK_VERSION not in accepted:
        raise ManifestInvalid(f"sdk: {manifest.sdk} does not accept this platform's {SDK_VERSION}")
    for scope in manifest.scopes:
        if scope.name not in SCOPES and not scope.name.startswith(_DYNAMIC_SCOPES):
            raise ManifestInvalid(f"scopes: unknown scope {scope.name!r}")
    for subscription in manifest.subscriptions:
        if not subscription.pattern:
            raise ManifestInvalid(f"subscriptions.{subscription.name}: the pattern is empty")
    for schedule in manifest.schedules:
        if not croniter.is_valid(schedule.cron):
            raise ManifestInvalid(f"schedules.{schedule.name}: {schedule.cron!r} is not cron")
    for operation in manifest.operations:
        _schema(operation.input, f"operations.{operation.name}.input")
        _schema(operation.output, f"operations.{operation.name}.output")
    for name in manifest.publishes:
        if not _EVENT.match(name) or not name.startswith(f"{manifest.source}."):
            raise ManifestInvalid(f"publishes: {name!r} does not start with {manifest.source!r}")
    for publication in manifest.publications:
        if publication.subject is not None and publication.subject not in SUBJECT_TYPES:
            raise ManifestInvalid(
                f"publishes.{publication.name}.subject: one of {', '.join(SUBJECT_TYPES)}"
            )
        _schema(publication.metadata, f"publishes.{publication.name}.metadata")
    if manifest.config_schema:
        _schema(manifest.config_schema, "config")
    for label, names in (
        ("scopes", [scope.name for scope in manifest.scopes]),
        ("subscriptions", [item.name for item in manifest.subscriptions]),
        ("schedules", [item.name for item in manifest.schedules]),
        ("operations", [item.name for item in manifest.operations]),
        ("publishes", list(manifest.publishes)),
    ):
        if len(names) != len(set(names)):
            raise ManifestInvalid(f"{label}: a name appears twice")


def _schema(schema: Mapping[str, Any], path: str) -> None:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ManifestInvalid(f"{path}: not a JSON Schema: {error.message}") from error


def _text(raw: Mapping[str, Any], key: str, path: str = "") -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ManifestInvalid(f"{path}{key}: a text is required")
    return value


def _number(raw: Mapping[str, Any], key: str, least: int, most: int) -> int:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ManifestInvalid(f"{key}: a whole number from {least} to {most} is required")
    return value


def _table(raw: Mapping[str, Any], key: str, path: str = "") -> Mapping[str, Any]:
    value = raw.get(key)
    if not isinstance(value, dict):
        raise ManifestInvalid(f"{path}{key}: a table is required")
    return value


def _tables(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = raw.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ManifestInvalid(f"{key}: an array of tables is required ([[{key}]])")
    return value
