"""Admission: whatever a plugin does, it is listed with what to change, and the rest is let in."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from alquimista.runtime.admission import HOOKS, Catalogue, admit_all, installed
from alquimista_tests.runtime.pacote import GOOD_MODULE, MANIFEST, Pacotes, importable

IMPORT = "from alquimista_sdk.hookspecs import hookimpl\n"


@pytest.fixture
def pacotes(tmp_path: Path) -> Iterator[Pacotes]:
    """A folder for packages of this test."""
    with importable(tmp_path) as found:
        yield found


def refusal(pacotes: Pacotes, bad: EntryPoint) -> str:
    """Admit the bad one between two good ones; answers why it was refused."""
    first, last = pacotes.make("agente_antes"), pacotes.make("agente_depois")
    catalogue = admit_all([first, bad, last])
    assert set(catalogue.admitted) == {"agente_antes", "agente_depois"}
    assert set(catalogue.refused) == {bad.name}
    assert catalogue.refused[bad.name].slug == bad.name
    return catalogue.refused[bad.name].error


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("raise RuntimeError('sem licença')", "RuntimeError: sem licença"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("import sys\nsys.exit('tchau')", "SystemExit: tchau"),
        ("import um_modulo_que_nao_existe", "ModuleNotFoundError: No module named"),
        ("def agent_handle_event(:", "SyntaxError: invalid syntax"),
        (
            "class Falha(BaseException):\n    pass\n\n\nraise Falha('de propósito')",
            "Falha: de propósito",
        ),
        (
            "class Muda(Exception):\n    def __str__(self):\n        1 / 0\n\n\nraise Muda",
            "Muda: (no text: ZeroDivisionError)",
        ),
        ("raise ValueError('a\\0b')", "ValueError: ab"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def f():\n    f()\n\n\nf()", "RecursionError"),
        ("", "the module implements no hook"),
        (
            f"{IMPORT}\n\n@hookimpl\ndef agent_on_fire(context):\n    pass\n",
            "agent_on_fire is no hook; the hooks are agent_handle_event",
        ),
        (
            f"{IMPORT}\n\n@hookimpl\ndef handle(event, context):\n    pass\n",
            "handle is decorated but is no hook",
        ),
        (
            "def agent_handle_event(event, context):\n    pass\n",
            "agent_handle_event: decorate it with alquimista_sdk.hookimpl",
        ),
        (
            f"{IMPORT}\n\n@hookimpl\nasync def agent_handle_event(event, context):\n    pass\n",
            "agent_handle_event: hooks are synchronous; remove async",
        ),
        (
            f"{IMPORT}\n\n@hookimpl\nasync def agent_handle_event(event, context):\n    yield 1\n",
            "agent_handle_event: hooks are synchronous; remove async",
        ),
        (
            f"{IMPORT}\n\n@hookimpl\ndef agent_handle_event(event, context):\n    yield\n",
            "agent_handle_event: hooks return, they do not yield",
        ),
        (
            f"{IMPORT}\n\n@hookimpl(tryfirst=True)\ndef agent_handle_event(event):\n    pass\n",
            "agent_handle_event: remove tryfirst from @hookimpl",
        ),
        (
            f"{IMPORT}\n\n@hookimpl(trylast=True)\ndef agent_handle_event(event):\n    pass\n",
            "agent_handle_event: remove trylast from @hookimpl",
        ),
        (
            f"{IMPORT}\n\n@hookimpl(wrapper=True)\ndef agent_handle_event(event):\n    yield\n",
            "agent_handle_event: remove wrapper from @hookimpl",
        ),
        (
            f"{IMPORT}\n\n@hookimpl(hookwrapper=True)\ndef agent_handle_event(event):\n    yield\n",
            "agent_handle_event: remove hookwrapper from @hookimpl",
        ),
        (
            f"{IMPORT}\n\n@hookimpl(optionalhook=True)\ndef agent_handle_event(event):\n    pass\n",
            "agent_handle_event: remove optionalhook from @hookimpl",
        ),
        (
            f'{IMPORT}\n\n@hookimpl(specname="agent_handle_event")\ndef outro(event):\n    pass\n',
            "outro: remove specname from @hookimpl",
        ),
        (
            f"{IMPORT}\n\n@hookimpl\ndef agent_handle_event(event, contexto):\n    pass\n",
            "contexto",
        ),
        (f"{IMPORT}\n\nagent_handle_event = 3\n", "agent_handle_event"),
        (
            f"{IMPORT}\n\nclass Agente:\n    pass\n\n\nagent_handle_event = Agente()\n",
            "agent_handle_event",
        ),
    ],
)
def test_code_that_breaks_the_contract_is_listed_with_what_to_change(
    pacotes: Pacotes, module: str, told: str
) -> None:
    assert told in refusal(pacotes, pacotes.make("agente_ruim", module))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("timeout_s = 30", "timeout_s = "), "not TOML"),
        (('slug = "{slug}"', ""), "slug: a text is required"),
        (('slug = "{slug}"', 'slug = "outro_nome"'), "must be one name"),
        (('slug = "{slug}"', 'slug = "Outro-Nome"'), "slug: lower-case letters"),
        (('sdk = ">=0.1,<0.2"', 'sdk = ">=9"'), "sdk: >=9 does not accept this platform's 0.1.0"),
        (('sdk = ">=0.1,<0.2"', 'sdk = "novo"'), "version or sdk"),
        (("timeout_s = 30", "timeout_s = 9000"), "timeout_s: a whole number from 1 to 900"),
        (("timeout_s = 30", "timeout_s = true"), "timeout_s: a whole number"),
    ],
)
def test_a_manifest_that_is_wrong_is_listed_with_the_key_to_change(
    pacotes: Pacotes, change: tuple[str, str], told: str
) -> None:
    before, after = change
    assert before in MANIFEST
    bad = pacotes.make("agente_ruim", manifest=MANIFEST.replace(before, after))
    assert told in refusal(pacotes, bad)


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (
            '[[scopes]]\nname = "cofre:write"\nreason = "x"\n',
            "scopes: unknown scope 'cofre:write'",
        ),
        ('[[scopes]]\nname = "leads:read"\n', "scopes[0].reason: a text is required"),
        ('[[schedules]]\nname = "d"\ncron = "61 * * * *"\n', "'61 * * * *' is not cron"),
        ('[[subscriptions]]\nname = "s"\npattern = {}\n', "subscriptions.s: the pattern is empty"),
        ('[[publishes]]\nname = "outro.dono.feito"\n', "does not start with 'agente_ruim.teste'"),
        ('[config]\ntype = "objeto"\n', "config: not a JSON Schema"),
        ("scopes = 3\n", "scopes: an array of tables is required"),
    ],
)
def test_a_manifest_that_asks_for_what_there_is_not_is_listed(
    pacotes: Pacotes, extra: str, told: str
) -> None:
    assert told in refusal(pacotes, pacotes.make("agente_ruim", extra=extra))


def test_a_subscription_that_the_bus_cannot_read_is_refused(pacotes: Pacotes) -> None:
    extra = '[[subscriptions]]\nname = "s"\npattern = { source = "nigredo.recebimento" }\n'
    assert "subscriptions.s" in refusal(pacotes, pacotes.make("agente_ruim", extra=extra))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('source = "{slug}.teste"', 'source = "alquimista.timer"'), "alquimista.* is the"),
        (('source = "{slug}.teste"', 'source = "agente_antes.teste"'), "belongs to agente_antes"),
    ],
)
def test_a_source_of_the_platform_or_of_another_agent_is_refused(
    pacotes: Pacotes, change: tuple[str, str], told: str
) -> None:
    bad = pacotes.make("agente_ruim", manifest=MANIFEST.replace(*change))
    assert told in refusal(pacotes, bad)


def test_a_slug_that_is_a_queue_of_the_platform_is_refused(pacotes: Pacotes) -> None:
    bad = pacotes.make("alquimista_disparos")
    assert "slug: 'alquimista_disparos' is the platform's" in refusal(pacotes, bad)


def test_a_promise_without_its_hook_is_refused(pacotes: Pacotes) -> None:
    offered = (
        '[[operations]]\nname = "eco.dizer"\ndescription = "Repete."\n'
        'input = { type = "object" }\noutput = { type = "object" }\n'
    )
    told = refusal(pacotes, pacotes.make("agente_ruim", extra=offered))
    assert told == "agent.toml promises what needs agent_invoke: implement it"
    only_starts = f"{IMPORT}\n\n@hookimpl\ndef agent_on_activate(context):\n    pass\n"
    daily = '[[schedules]]\nname = "diario"\ncron = "0 8 * * *"\n'
    catalogue = admit_all([pacotes.make("agente_mudo", only_starts, extra=daily)])
    assert "agent_handle_event" in catalogue.refused["agente_mudo"].error


def test_an_operation_that_another_agent_offers_is_refused(pacotes: Pacotes) -> None:
    module = (
        f"{IMPORT}\n\n@hookimpl\ndef agent_invoke(operation, payload, context):\n    return {{}}\n"
    )
    extra = (
        '[[operations]]\nname = "eco.dizer"\ndescription = "Repete."\n'
        'input = { type = "object" }\noutput = { type = "object" }\n'
    )
    both = [pacotes.make(slug, module, extra=extra) for slug in ("agente_a", "agente_b")]
    catalogue = admit_all(both)
    assert set(catalogue.admitted) == {"agente_a"}
    assert "agente_a offers 'eco.dizer'" in catalogue.refused["agente_b"].error


def test_a_manifest_that_is_no_utf8_is_listed(pacotes: Pacotes) -> None:
    bad = pacotes.make("agente_ruim")
    (pacotes.folder / "agente_ruim" / "agent.toml").write_bytes(b'slug = "\xff"')
    assert "UnicodeDecodeError" in refusal(pacotes, bad)


def test_a_package_without_a_manifest_is_listed(pacotes: Pacotes) -> None:
    bad = pacotes.make("agente_ruim", manifest=None)
    assert "agente_ruim: agent.toml is missing from the package" in refusal(pacotes, bad)


def test_an_entry_point_of_a_package_that_is_gone_is_listed(pacotes: Pacotes) -> None:
    bad = EntryPoint("agente_ruim", "agente_ruim.agent", "alquimista.agents")
    assert "package agente_ruim is not installed" in refusal(pacotes, bad)


def test_an_entry_point_under_another_name_than_its_package_is_listed(pacotes: Pacotes) -> None:
    bad = pacotes.make("agente_ruim", name="agente_apelido")
    assert "must be one name" in refusal(pacotes, bad)


def test_a_manifest_is_read_without_running_the_agents_code(pacotes: Pacotes) -> None:
    trap = 'import pathlib\n\npathlib.Path(__file__).with_name("rodou").touch()\n'
    bad = pacotes.make("agente_ruim", trap, manifest=MANIFEST.replace(">=0.1,<0.2", ">=9"))
    refusal(pacotes, bad)
    assert not (pacotes.folder / "agente_ruim" / "rodou").exists()


def test_two_packages_with_one_slug_are_both_refused(pacotes: Pacotes) -> None:
    one = pacotes.make("agente_duplo")
    good = pacotes.make("agente_bom")
    catalogue = admit_all([one, EntryPoint(one.name, one.value, one.group), good])
    assert "agente_bom" in catalogue.admitted
    assert "two packages register 'agente_duplo'" in catalogue.refused["agente_duplo"].error
    assert "agente_duplo" not in catalogue.admitted


def test_a_good_agent_is_admitted_with_the_hooks_that_it_has(pacotes: Pacotes) -> None:
    catalogue = admit_all([pacotes.make("agente_bom")])
    assert catalogue.refused == {}
    assert set(catalogue.admitted["agente_bom"].hooks) == {"agent_handle_event"}
    assert catalogue.admitted["agente_bom"].slug == "agente_bom"


def test_agents_are_called_one_by_one_and_never_broadcast(pacotes: Pacotes) -> None:
    module = GOOD_MODULE.replace("    pass", "    event.append(__name__)")
    catalogue = admit_all([pacotes.make("agente_um", module), pacotes.make("agente_dois", module)])
    heard: list[str] = []
    catalogue.admitted["agente_um"].hooks["agent_handle_event"](event=heard, context=None)
    assert heard == ["agente_um.agent"]


def test_helpers_of_a_module_are_no_hooks(pacotes: Pacotes) -> None:
    catalogue = admit_all([pacotes.make("agente_bom", GOOD_MODULE + "\n\nlimite = 3\n")])
    assert set(catalogue.admitted) == {"agente_bom"}


def test_the_agent_that_offers_an_operation_is_found(pacotes: Pacotes) -> None:
    module = (
        f"{IMPORT}\n\n@hookimpl\ndef agent_invoke(operation, payload, context):\n    return {{}}\n"
    )
    extra = (
        '[[operations]]\nname = "eco.dizer"\ndescription = "Repete."\n'
        'input = { type = "object" }\noutput = { type = "object" }\n'
    )
    catalogue = admit_all([pacotes.make("agente_eco", module, extra=extra)])
    found = catalogue.offering("eco.dizer")
    assert found is not None and found.slug == "agente_eco"
    assert catalogue.offering("eco.calar") is None
    assert Catalogue().offering("eco.dizer") is None


def test_the_seven_agents_of_this_installation_are_admitted() -> None:
    catalogue = admit_all(installed())
    assert catalogue.refused == {}
    assert len([slug for slug in catalogue.admitted if slug.startswith("nigredo_")]) == 7
    assert len(HOOKS) == 5
