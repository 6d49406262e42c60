"""Settings from the environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alquimista.runtime.topology import DEMO_QUEUE, SENDER_QUEUE, build_topology
from alquimista.settings import QueueLimits, SettingsInvalid, from_environment

KEY = "ab" * 32


def test_a_laptop_needs_no_variable_and_keeps_its_key(tmp_path: Path) -> None:
    first = from_environment({"ALQUIMISTA_HOME": str(tmp_path)})
    second = from_environment({"ALQUIMISTA_HOME": str(tmp_path)})
    assert first.sandbox
    assert first.master_key == second.master_key
    assert (tmp_path / "chave").stat().st_mode & 0o777 == 0o600


def test_production_names_everything_that_it_lacks() -> None:
    with pytest.raises(SettingsInvalid, match="DATABASE_URL, SMTP_HOST, EMAIL_WEBHOOK_SECRET"):
        from_environment({"ALQUIMISTA_AMBIENTE": "producao", "ALQUIMISTA_CHAVE": KEY})
    with pytest.raises(SettingsInvalid, match="ALQUIMISTA_CHAVE"):
        from_environment({"ALQUIMISTA_AMBIENTE": "producao"})


@pytest.mark.parametrize("key", ["", "zz", "ab" * 31])
def test_a_wrong_master_key_is_refused(key: str) -> None:
    with pytest.raises(SettingsInvalid, match="64 hexadecimal"):
        from_environment({"ALQUIMISTA_CHAVE": key})


def test_an_unknown_environment_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="ALQUIMISTA_AMBIENTE"):
        from_environment({"ALQUIMISTA_AMBIENTE": "homologacao", "ALQUIMISTA_CHAVE": KEY})


def test_the_logins_differ_only_by_user() -> None:
    settings = from_environment(
        {"ALQUIMISTA_CHAVE": KEY, "DATABASE_URL": "postgres://alquimista_owner:s3@db:5432/f"}
    )
    assert settings.owner_dsn == "postgresql+psycopg2://alquimista_owner:s3@db:5432/f"
    assert settings.app_dsn == "postgresql+psycopg2://alquimista_app:s3@db:5432/f"
    assert settings.relay_dsn == "postgresql+psycopg2://fibonacci_relay:s3@db:5432/f"


def test_keys_of_different_purposes_differ_and_are_stable() -> None:
    settings = from_environment({"ALQUIMISTA_CHAVE": KEY})
    assert settings.key("a") == settings.key("a")
    assert settings.key("a") != settings.key("b")
    assert len(settings.key("a")) == 32


def test_printing_settings_shows_no_secret() -> None:
    secrets = {
        "ALQUIMISTA_CHAVE": KEY,
        "DATABASE_URL": "postgresql://u:segredo1@db/f",
        "SMTP_PASSWORD": "segredo2",
        "WHATSAPP_TOKEN": "segredo3",
        "WHATSAPP_APP_SECRET": "segredo4",
        "EMAIL_WEBHOOK_SECRET": "segredo5",
        "LLM_TOKEN": "segredo6",
        "GOOGLE_CONTA_DE_SERVICO": '{"client_email": "a", "private_key": "segredo7"}',
    }
    shown = repr(from_environment(secrets))
    assert "segredo" not in shown
    assert repr(bytes.fromhex(KEY))[2:-1] not in shown


def test_the_manual_lists_every_variable() -> None:
    root = Path(__file__).resolve().parents[4]
    source = (root / "platform/core/src/alquimista/settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'env(?:\.get\()?\[?"([A-Z_]+)"', source))
    manual = (root / "docs/settings.md").read_text(encoding="utf-8")
    assert read
    assert {name for name in read if f"`{name}`" not in manual} == set()


def test_a_pool_is_named_with_its_client_and_its_region_is_in_its_name(tmp_path: Path) -> None:
    env = {"ALQUIMISTA_HOME": str(tmp_path), "COGNITO_USER_POOL_ID": "sa-east-1_Abc"}
    with pytest.raises(SettingsInvalid, match="COGNITO_CLIENT_ID"):
        from_environment(env)
    found = from_environment({**env, "COGNITO_CLIENT_ID": "app"}).cognito
    assert found is not None
    assert (found.region, found.client_id) == ("sa-east-1", "app")
    assert found.issuer == "https://cognito-idp.sa-east-1.amazonaws.com/sa-east-1_Abc"
    assert from_environment({"ALQUIMISTA_HOME": str(tmp_path)}).cognito is None


def test_queues_have_the_limits_that_the_settings_name() -> None:
    told = '{"fibonacci_demo": {"concurrency": 4, "group": 5}, "*": {"partition_concurrency": 2}}'
    settings = from_environment({"ALQUIMISTA_CHAVE": KEY, "ALQUIMISTA_QUEUES": told})
    topology = build_topology([], limits=settings.bus.queues)
    demo, other = topology.queue(DEMO_QUEUE), topology.queue(SENDER_QUEUE)
    assert (demo.concurrency, demo.partition_concurrency, demo.group) == (4, None, 5)
    assert (other.concurrency, other.partition_concurrency, other.group) == (None, 2, 1)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("[]", "an object"),
        ("{", "no JSON"),
        ('{"a": {"speed": 1}}', "limits of a are concurrency, group"),
        ('{"a": {"group": 0}}', "positive numbers"),
        ('{"a": {"group": true}}', "positive numbers"),
    ],
)
def test_limits_that_make_no_sense_are_refused(told: str, said: str) -> None:
    with pytest.raises(SettingsInvalid, match=said):
        from_environment({"ALQUIMISTA_CHAVE": KEY, "ALQUIMISTA_QUEUES": told})


def test_limits_of_a_queue_that_there_is_not_are_refused() -> None:
    with pytest.raises(SettingsInvalid, match="no queue nigredo_dispara"):
        build_topology([], limits={"nigredo_dispara": QueueLimits(group=2)})


def test_outside_services_are_off_or_at_their_public_address_until_named() -> None:
    own = from_environment({"ALQUIMISTA_CHAVE": KEY}).outside
    assert (own.llm.token, own.google.conta, own.comprehend_region) == (None, None, None)
    assert own.receita_url == "https://brasilapi.com.br"
    named = from_environment(
        {
            "ALQUIMISTA_CHAVE": KEY,
            "BRASILAPI_URL": "http://r",
            "LLM_TOKEN": "k",
            "LLM_URL": "http://l/v1",
            "LLM_MODELO": "m",
            "COMPREHEND_REGION": "us-east-1",
            "COMPREHEND_ENDPOINT": "http://c",
        }
    ).outside
    assert (named.receita_url, named.llm.url, named.llm.modelo) == ("http://r", "http://l/v1", "m")
    assert (named.comprehend_region, named.comprehend_endpoint) == ("us-east-1", "http://c")


def test_a_google_account_is_its_json_or_the_path_of_its_file(tmp_path: Path) -> None:
    key = '{"client_email": "robo@x", "private_key": "p"}'
    file = tmp_path / "conta.json"
    file.write_text(key, encoding="utf-8")
    for told in (key, str(file)):
        env = {"ALQUIMISTA_CHAVE": KEY, "GOOGLE_CONTA_DE_SERVICO": told}
        assert from_environment(env).outside.google.conta == key


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"GOOGLE_CONTA_DE_SERVICO": "/nao/existe.json"}, "no readable file"),
        ({"GOOGLE_CONTA_DE_SERVICO": "{"}, "no JSON"),
        ({"GOOGLE_CONTA_DE_SERVICO": "{}"}, "no key of a service account"),
        ({"GOOGLE_CONVIDAR": "1"}, "GOOGLE_DELEGADO"),
    ],
)
def test_a_google_account_that_cannot_work_is_refused(told: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsInvalid, match=said):
        from_environment({"ALQUIMISTA_CHAVE": KEY, **told})
