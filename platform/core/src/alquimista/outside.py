"""Settings of the services outside: the language model, Google, the register of companies, AWS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class SettingsInvalid(ValueError):
    """A variable is missing or wrong; the message names it."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """An OpenAI-compatible endpoint; without a token our deterministic writer answers."""

    token: str | None = field(default=None, repr=False)
    url: str = "https://api.openai.com/v1"
    modelo: str = "gpt-4o-mini"


@dataclass(frozen=True, slots=True)
class Google:
    """A service account's key (its JSON); without one real tenants have no calendar.

    ``delegado`` is the person that it acts as, by domain-wide delegation; ``convidar`` lets Google
    invite attendees, which only such an account may.
    """

    conta: str | None = field(default=None, repr=False)
    delegado: str | None = None
    convidar: bool = False
    url: str = "https://www.googleapis.com/calendar/v3"


@dataclass(frozen=True, slots=True)
class Outside:
    """Outside services of real tenants. ``comprehend_region`` None: nobody may choose it."""

    llm: LanguageModel = LanguageModel()
    google: Google = Google()
    receita_url: str = "https://brasilapi.com.br"
    comprehend_region: str | None = None
    comprehend_endpoint: str | None = None


def read_outside(env: Mapping[str, str]) -> Outside:
    """The services outside, each off or at its public address where no variable names it.

    Raises:
        SettingsInvalid: a variable is wrong; the message names it.
    """
    own = Outside()
    return Outside(
        llm=LanguageModel(
            token=env.get("LLM_TOKEN") or None,
            url=env.get("LLM_URL") or own.llm.url,
            modelo=env.get("LLM_MODELO") or own.llm.modelo,
        ),
        google=_google(env),
        receita_url=env.get("BRASILAPI_URL") or own.receita_url,
        comprehend_region=env.get("COMPREHEND_REGION") or None,
        comprehend_endpoint=env.get("COMPREHEND_ENDPOINT") or None,
    )


def _google(env: Mapping[str, str]) -> Google:
    """The account's key is the JSON itself, or the path of the file that Google hands out."""
    raw = env.get("GOOGLE_CONTA_DE_SERVICO") or None
    if raw is not None and not raw.lstrip().startswith("{"):
        try:
            raw = Path(raw).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsInvalid("GOOGLE_CONTA_DE_SERVICO names no readable file") from error
    if raw is not None:
        _check_account(raw)
    delegado, convidar = env.get("GOOGLE_DELEGADO") or None, env.get("GOOGLE_CONVIDAR", "") == "1"
    if convidar and delegado is None:
        raise SettingsInvalid("GOOGLE_CONVIDAR needs GOOGLE_DELEGADO (domain-wide delegation)")
    return Google(raw, delegado, convidar, env.get("GOOGLE_URL") or Google().url)


def _check_account(raw: str) -> None:
    try:
        told = json.loads(raw)
    except ValueError as error:
        raise SettingsInvalid("GOOGLE_CONTA_DE_SERVICO is no JSON") from error
    if not isinstance(told, dict) or not {"client_email", "private_key"} <= told.keys():
        raise SettingsInvalid("GOOGLE_CONTA_DE_SERVICO is no key of a service account")
