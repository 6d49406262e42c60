from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from alquimista_sdk.context import SCOPES, SERVICES
from alquimista_sdk.errors import InvalidEvent, ManifestInvalid, PermanentError
from alquimista_sdk.manifest import load_for_entry_point, parse_manifest
from alquimista_sdk_tests.manifests import BASE, CONFIG, OPERATION, PUBLISHES, everything, scopes

SUBSCRIPTION = '\n[[subscriptions]]\nname = "a"\npattern = { source = ["x"] }\n'
SCHEDULE = '\n[[schedules]]\nname = "diario"\ncron = "30 7 * * 1-5"\n'


def test_a_full_manifest_is_read() -> None:
    text = BASE + scopes("leads:read", "tools:x.y") + SUBSCRIPTION + SCHEDULE
    manifest = parse_manifest(text + OPERATION + PUBLISHES + CONFIG + '[[cards]]\ntitulo = "T"\n')
    assert manifest.slug == "exemplo_total"
    assert manifest.scope_names == {"leads:read", "tools:x.y"}
    assert manifest.subscriptions[0].pattern == {"source": ["x"]}
    assert manifest.schedules[0].cron == "30 7 * * 1-5"
    assert manifest.publishes == ("exemplo.total.done",)
    assert manifest.config_schema["type"] == "object"
    assert manifest.cards == ({"titulo": "T"},)


def test_an_operation_is_found_by_its_name() -> None:
    manifest = everything()
    operation = manifest.operation("exemplo.dobrar")
    assert operation is not None
    assert operation.input["required"] == ["n"]
    assert manifest.operation("exemplo.nada") is None


def test_every_service_gives_scopes_named_after_it() -> None:
    assert {scope.partition(":")[0] for scope in SCOPES} == set(SERVICES)


@pytest.mark.parametrize(
    "key",
    [
        "slug",
        "name",
        "version",
        "title",
        "description",
        "category",
        "publisher",
        "sdk",
        "source",
        "timeout_s",
        "memory_mb",
    ],
)
@pytest.mark.parametrize("value", [None, '"  "', "[]"])
def test_each_required_key_is_named_where_it_is_missing_or_empty(
    key: str, value: str | None
) -> None:
    lines = [line for line in BASE.splitlines() if not line.startswith(f"{key} =")]
    if value is not None:
        lines.append(f"{key} = {value}")
    with pytest.raises(ManifestInvalid, match=f"^{key}: "):
        parse_manifest("\n".join(lines))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('slug = "exemplo_total"', 'slug = "Exemplo"', "^slug:"),
        ('slug = "exemplo_total"', 'slug = "ab"', "^slug:"),
        ('version = "1.2.3"', 'version = "um"', "^version or sdk:"),
        ('sdk = ">=0.1,<0.2"', 'sdk = "0.1 e pouco"', "^version or sdk:"),
        ('sdk = ">=0.1,<0.2"', 'sdk = ">=9"', "^sdk: >=9 does not accept"),
        ("timeout_s = 30", "timeout_s = 901", "^timeout_s:"),
        ("timeout_s = 30", "timeout_s = true", "^timeout_s:"),
        ("memory_mb = 256", "memory_mb = 64", "^memory_mb:"),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(old: str, new: str, message: str) -> None:
    assert old in BASE
    with pytest.raises(ManifestInvalid, match=message):
        parse_manifest(BASE.replace(old, new))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[[scopes]]\n", r"^scopes\[0\]\.name:"),
        ('[[scopes]]\nname = "leads:read"\n', r"^scopes\[0\]\.reason:"),
        (scopes("leads:delete"), "^scopes: unknown scope 'leads:delete'"),
        (scopes("leads:read", "leads:read"), "^scopes: a name appears twice"),
        ("scopes = 3\n", r"^scopes: an array of tables"),
        ('[[subscriptions]]\nname = "a"\n', r"^subscriptions\[0\]\.pattern:"),
        ('[[subscriptions]]\nname = "a"\npattern = {}\n', "^subscriptions.a: the pattern is empty"),
        (SUBSCRIPTION * 2, "^subscriptions: a name appears twice"),
        ('[[schedules]]\nname = "a"\n', r"^schedules\[0\]\.cron:"),
        ('[[schedules]]\nname = "a"\ncron = "sempre"\n', "^schedules.a: 'sempre' is not cron"),
        (SCHEDULE * 2, "^schedules: a name appears twice"),
        (OPERATION.replace('"object"', '"coisa"', 1), "^operations.exemplo.dobrar.input:"),
        (OPERATION * 2, "^operations: a name appears twice"),
        ('[[publishes]]\nname = "outro.total.done"\n', "^publishes: 'outro.total.done'"),
        ('[[publishes]]\nname = "exemplo.total.Done"\n', "^publishes: 'exemplo.total.Done'"),
        (PUBLISHES * 2, "^publishes: a name appears twice"),
        (f"{PUBLISHES}description = 3\n", "^publishes.exemplo.total.done.description: a text"),
        (f'{PUBLISHES}subject = "gato"\n', "^publishes.exemplo.total.done.subject: one of lead"),
        (f"{PUBLISHES}metadata = 3\n", "^publishes.exemplo.total.done.metadata: a table"),
        (f'{PUBLISHES}metadata = {{type = "x"}}\n', "^publishes.exemplo.total.done.metadata: not"),
        ("config = 3\n", "^config: a table"),
        ('[config]\ntype = "coisa"\n', "^config: not a JSON Schema"),
    ],
)
def test_a_wrong_table_is_refused_by_its_key(more: str, message: str) -> None:
    with pytest.raises(ManifestInvalid, match=message):
        parse_manifest(BASE + more)


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(ManifestInvalid, match=r"^not TOML:"):
        parse_manifest("slug = ")


def test_a_wrong_manifest_is_a_permanent_error() -> None:
    assert issubclass(ManifestInvalid, PermanentError)
    assert ManifestInvalid("x").code == "manifesto_invalido"
    assert ManifestInvalid("x", code="outro").code == "outro"


def package(folder: Path, name: str, manifest: str | None, code: str = "") -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(code)
    if manifest is not None:
        (folder / name / "agent.toml").write_text(manifest)


def entry(name: str, module: str) -> EntryPoint:
    return EntryPoint(name, f"{module}.agent", "alquimista.agents")


def test_an_installed_manifest_is_read_without_importing_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, "exemplo_total", BASE, code="raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_for_entry_point(entry("exemplo_total", "exemplo_total")).version == "1.2.3"
    assert "exemplo_total" not in sys.modules


def test_an_installed_manifest_must_bear_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, "exemplo_outro", BASE)
    package(tmp_path, "exemplo_vazio", None)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ManifestInvalid, match="must be one name"):
        load_for_entry_point(entry("exemplo_total", "exemplo_outro"))
    with pytest.raises(ManifestInvalid, match=r"agent\.toml is missing"):
        load_for_entry_point(entry("exemplo_vazio", "exemplo_vazio"))
    with pytest.raises(ManifestInvalid, match="is not installed"):
        load_for_entry_point(entry("exemplo_nada", "exemplo_nada"))


def test_an_event_is_held_to_its_declaration() -> None:
    manifest = parse_manifest(
        BASE
        + PUBLISHES
        + """description = "Feito."
subject = "lead"
[publishes.metadata]
type = "object"
required = ["n"]
[publishes.metadata.properties.n]
type = "integer"
"""
    )
    declared = manifest.publication("exemplo.total.done")
    assert declared is not None
    assert (declared.description, manifest.publishes) == ("Feito.", ("exemplo.total.done",))
    declared.check("lead", {"n": 1, "outro": "x"})
    with pytest.raises(InvalidEvent, match=r"detail\.subject\.type.*not a lote"):
        declared.check("lote", {"n": 1})
    with pytest.raises(InvalidEvent, match=r"detail\.context\.metadata: .*required"):
        declared.check("lead", {})
    with pytest.raises(InvalidEvent, match=r"detail\.context\.metadata\.n: .*type") as refused:
        declared.check("lead", {"n": "segredo"})
    assert "segredo" not in str(refused.value)


def test_an_event_that_declares_nothing_is_taken_as_it_is() -> None:
    declared = parse_manifest(BASE + PUBLISHES).publication("exemplo.total.done")
    assert declared is not None
    assert (declared.description, declared.subject, dict(declared.metadata)) == ("", None, {})
    declared.check("lote", {"x": object()})
    assert parse_manifest(BASE).publication("exemplo.total.done") is None
