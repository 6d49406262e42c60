"""Settings: read once from the environment, then passed as data.

``docs/settings.md`` lists every variable; a test holds the two together.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import make_url

from alquimista.db.roles import APP, RELAY
from alquimista.outside import Outside, SettingsInvalid, read_outside

SANDBOX = "sandbox"
PRODUCAO = "producao"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Smtp:
    """Where e-mail is handed over. Port 0 on the sandbox means any free one."""

    host: str = "127.0.0.1"
    port: int = 0
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = False


@dataclass(frozen=True, slots=True)
class WhatsApp:
    """The WhatsApp Cloud API; without a token only the sandbox twin sends."""

    token: str | None = field(default=None, repr=False)
    app_secret: str = field(default="sandbox-whatsapp", repr=False)
    verify_token: str = field(default="sandbox-verificacao", repr=False)
    base_url: str = "https://graph.facebook.com/v21.0"


@dataclass(frozen=True, slots=True)
class Cognito:
    """A user pool that keeps the identities. ``endpoint`` is set only where AWS is imitated."""

    pool_id: str
    client_id: str
    region: str
    endpoint: str | None = None

    @property
    def issuer(self) -> str:
        """Who its tokens say has issued them."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.pool_id}"


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How many messages of a queue, and of one tenant in it, are in flight at a time; None: any.

    ``group`` is how many events one transaction may claim and commit together.
    """

    concurrency: int | None = None
    partition_concurrency: int | None = None
    group: int = 1


@dataclass(frozen=True, slots=True)
class BusTimes:
    """How long things may take. ``agent_limit`` caps every agent's own time-out.

    ``events_kept`` is the age at which events leave the archive; None keeps them. ``queues`` are
    limits by queue, ``*`` for all that are not named.
    """

    agent_limit: timedelta | None = None
    lease_margin: timedelta = timedelta(seconds=30)
    visibility_factor: float = 6.0
    burst: timedelta = timedelta(seconds=8)
    events_kept: timedelta | None = None
    queues: Mapping[str, QueueLimits] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Aws:
    """Names of the bus's home on AWS; ``home`` is whether it is the one.

    Region, access and endpoint are read by boto3 itself (``AWS_REGION``, ``AWS_ENDPOINT_URL``, …).
    """

    home: bool = False
    bus_name: str = "fibonacci-bus"
    queue_prefix: str = "fibonacci-"


@dataclass(frozen=True, slots=True)
class ApiLimits:
    """Requests a minute of one caller (a person or a key) and of all callers of a tenant."""

    por_chamador: int = 1_200
    por_conta: int = 6_000


@dataclass(frozen=True, slots=True)
class Settings:
    """All that differs between a laptop, a test and production."""

    home: Path
    master_key: bytes = field(repr=False)
    ambiente: str = SANDBOX
    database_url: str | None = field(default=None, repr=False)
    app_database_url: str | None = field(default=None, repr=False)
    relay_database_url: str | None = field(default=None, repr=False)
    preparar: bool = True
    url_publica: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    operadores: str = "operadores@alquimista.example"
    remetente: str = "acesso@alquimista.example"
    email_webhook_secret: str = field(default="sandbox-email", repr=False)
    smtp: Smtp = Smtp()
    whatsapp: WhatsApp = WhatsApp()
    bus: BusTimes = BusTimes()
    cognito: Cognito | None = None
    aws: Aws = Aws()
    api: ApiLimits = ApiLimits()
    outside: Outside = field(default_factory=Outside)
    origens: tuple[str, ...] = ()
    proxies: int = 0
    webhooks_locais: tuple[str, ...] = ()
    webhooks_carencia: timedelta = timedelta(days=1)
    log_level: str = "INFO"

    @property
    def sandbox(self) -> bool:
        """Whether the made-up twins of outside services serve."""
        return self.ambiente == SANDBOX

    @property
    def owner_dsn(self) -> str:
        """The owner login's address. Raises ``SettingsInvalid`` without a database."""
        if self.database_url is None:
            raise SettingsInvalid("DATABASE_URL is not set")
        return self.database_url

    @property
    def app_dsn(self) -> str:
        """The app login's address: its own variable, or the owner's with another user."""
        return self.app_database_url or _as_user(self.owner_dsn, APP)

    @property
    def relay_dsn(self) -> str:
        """The relay login's address: its own variable, or the owner's with another user."""
        return self.relay_database_url or _as_user(self.owner_dsn, RELAY)

    def key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose, derived from the master key (HKDF, RFC 5869)."""
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose.encode()).derive(self.master_key)


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Raises:
        SettingsInvalid: a variable is wrong, or production lacks what it needs.
    """
    env = os.environ if environment is None else environment
    ambiente = env.get("ALQUIMISTA_AMBIENTE", SANDBOX)
    if ambiente not in (SANDBOX, PRODUCAO):
        raise SettingsInvalid(f"ALQUIMISTA_AMBIENTE is {SANDBOX} or {PRODUCAO}")
    home = Path(env.get("ALQUIMISTA_HOME", ".alquimista")).resolve()
    port = int(env.get("PORT", "8000"))
    settings = Settings(
        home=home,
        master_key=_master_key(env, home, ambiente),
        ambiente=ambiente,
        database_url=psycopg2_address(env.get("DATABASE_URL")),
        app_database_url=psycopg2_address(env.get("APP_DATABASE_URL")),
        relay_database_url=psycopg2_address(env.get("RELAY_DATABASE_URL")),
        preparar=env.get("DATABASE_PREPARE", "1") == "1",
        url_publica=env.get("ALQUIMISTA_URL", f"http://127.0.0.1:{port}"),
        host=env.get("HOST", "127.0.0.1"),
        port=port,
        operadores=env.get("ALQUIMISTA_OPERADORES", "operadores@alquimista.example"),
        remetente=env.get("ALQUIMISTA_REMETENTE", "acesso@alquimista.example"),
        email_webhook_secret=env.get("EMAIL_WEBHOOK_SECRET", "sandbox-email"),
        smtp=Smtp(
            host=env.get("SMTP_HOST", "127.0.0.1"),
            port=int(env.get("SMTP_PORT", "0")),
            user=env.get("SMTP_USER"),
            password=env.get("SMTP_PASSWORD"),
            starttls=env.get("SMTP_STARTTLS", "") == "1",
        ),
        whatsapp=WhatsApp(
            token=env.get("WHATSAPP_TOKEN"),
            app_secret=env.get("WHATSAPP_APP_SECRET", "sandbox-whatsapp"),
            verify_token=env.get("WHATSAPP_VERIFY_TOKEN", "sandbox-verificacao"),
        ),
        bus=_bus_times(env),
        cognito=_cognito(env),
        aws=_aws(env),
        api=ApiLimits(
            por_chamador=int(env.get("ALQUIMISTA_LIMITE_CHAMADOR", "1200")),
            por_conta=int(env.get("ALQUIMISTA_LIMITE_CONTA", "6000")),
        ),
        outside=read_outside(env),
        origens=tuple(env.get("ALQUIMISTA_ORIGENS", "").split()),
        proxies=int(env.get("ALQUIMISTA_PROXIES", "0")),
        webhooks_locais=tuple(env.get("ALQUIMISTA_WEBHOOKS_LOCAIS", "").split()),
        webhooks_carencia=_carencia(env),
        log_level=env.get("LOG_LEVEL", "INFO"),
    )
    _check_production(settings, env)
    return settings


def _carencia(env: Mapping[str, str]) -> timedelta:
    hours = float(env.get("ALQUIMISTA_WEBHOOKS_CARENCIA_HORAS", "24"))
    if not 0 <= hours <= 168:
        raise SettingsInvalid("ALQUIMISTA_WEBHOOKS_CARENCIA_HORAS is 0 to 168")
    return timedelta(hours=hours)


def _cognito(env: Mapping[str, str]) -> Cognito | None:
    """The pool, whose id begins with its region; None where people sign in with us."""
    pool_id = env.get("COGNITO_USER_POOL_ID")
    if not pool_id:
        return None
    client_id, region = env.get("COGNITO_CLIENT_ID"), pool_id.partition("_")[0]
    if not client_id:
        raise SettingsInvalid("COGNITO_USER_POOL_ID needs COGNITO_CLIENT_ID")
    return Cognito(pool_id, client_id, region, env.get("COGNITO_ENDPOINT") or None)


def _bus_times(env: Mapping[str, str]) -> BusTimes:
    limit = env.get("ALQUIMISTA_AGENT_LIMIT_SECONDS")
    kept = env.get("ALQUIMISTA_EVENTS_KEPT_DAYS")
    return BusTimes(
        agent_limit=timedelta(seconds=float(limit)) if limit else None,
        lease_margin=timedelta(seconds=float(env.get("ALQUIMISTA_LEASE_MARGIN_SECONDS", "30"))),
        visibility_factor=float(env.get("ALQUIMISTA_VISIBILITY_FACTOR", "6")),
        events_kept=timedelta(days=float(kept)) if kept else None,
        queues=_queue_limits(env.get("ALQUIMISTA_QUEUES", "{}")),
    )


def _aws(env: Mapping[str, str]) -> Aws:
    home = env.get("ALQUIMISTA_BUS", "postgres")
    if home not in ("postgres", "aws"):
        raise SettingsInvalid("ALQUIMISTA_BUS is postgres or aws")
    return Aws(
        home=home == "aws",
        bus_name=env.get("ALQUIMISTA_BUS_NAME", "fibonacci-bus"),
        queue_prefix=env.get("ALQUIMISTA_QUEUE_PREFIX", "fibonacci-"),
    )


def _queue_limits(raw: str) -> dict[str, QueueLimits]:
    """Limits by queue from their JSON form."""
    known = {item.name for item in fields(QueueLimits)}
    try:
        told = json.loads(raw)
    except ValueError as error:
        raise SettingsInvalid(f"ALQUIMISTA_QUEUES is no JSON: {error}") from error
    if not isinstance(told, dict):
        raise SettingsInvalid("ALQUIMISTA_QUEUES: an object, from a queue's name to its limits")
    for queue, limits in told.items():
        if not isinstance(limits, dict) or limits.keys() - known:
            names = ", ".join(sorted(known))
            raise SettingsInvalid(f"ALQUIMISTA_QUEUES: the limits of {queue} are {names}")
        if not all(type(value) is int and value > 0 for value in limits.values()):
            raise SettingsInvalid(f"ALQUIMISTA_QUEUES: the limits of {queue} are positive numbers")
    return {queue: QueueLimits(**limits) for queue, limits in told.items()}


def _check_production(settings: Settings, env: Mapping[str, str]) -> None:
    if settings.sandbox:
        return
    needed = ("DATABASE_URL", "ALQUIMISTA_CHAVE", "SMTP_HOST", "EMAIL_WEBHOOK_SECRET")
    missing = [name for name in needed if not env.get(name)]
    if settings.whatsapp.token:
        missing += [n for n in ("WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN") if not env.get(n)]
    if settings.webhooks_locais:
        raise SettingsInvalid("production refuses ALQUIMISTA_WEBHOOKS_LOCAIS")
    if missing:
        raise SettingsInvalid(f"production needs {', '.join(missing)}")


def _master_key(env: Mapping[str, str], home: Path, ambiente: str) -> bytes:
    """``ALQUIMISTA_CHAVE`` (64 hex digits); on a laptop a file made at the first start."""
    named = env.get("ALQUIMISTA_CHAVE")
    if named is not None:
        try:
            key = bytes.fromhex(named)
        except ValueError as error:
            raise SettingsInvalid("ALQUIMISTA_CHAVE: 64 hexadecimal digits") from error
        if len(key) != _KEY_BYTES:
            raise SettingsInvalid("ALQUIMISTA_CHAVE: 64 hexadecimal digits")
        return key
    if ambiente == PRODUCAO:
        raise SettingsInvalid("production needs ALQUIMISTA_CHAVE")
    path = home / "chave"
    home.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text())
    with os.fdopen(handle, "w") as file:
        key = secrets.token_bytes(_KEY_BYTES)
        file.write(key.hex())
    return key


def psycopg2_address(url: str | None) -> str | None:
    """A database address for psycopg2, however it was spelled (``postgres://`` too)."""
    if url is None or not url.strip():
        return None
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    return parsed.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)


def _as_user(dsn: str, user: str) -> str:
    return make_url(dsn).set(username=user).render_as_string(hide_password=False)
