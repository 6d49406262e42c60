"""Where a lead is in its sequence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alquimista_sdk.models import Disparo
from nigredo_disparo.sequencia import (
    contactavel,
    da_campanha,
    etapa_seguinte,
    falta_seguinte,
    terminou,
)
from nigredo_disparo_tests.mesa import CAMPANHA, enviado, lead

AGORA = datetime(2026, 11, 24, 13, tzinfo=UTC)


def _por_etapa(*disparos: Disparo) -> dict[str, Disparo]:
    return da_campanha(disparos, CAMPANHA)


@pytest.mark.parametrize(
    ("mudancas", "esperado"),
    [
        ({}, True),
        ({"status": "novo"}, True),
        ({"email": None}, False),
        ({"pausado": True}, False),
        ({"status": "contatado"}, False),
        ({"status": "descadastrado"}, False),
    ],
)
def test_only_new_reachable_leads_that_nobody_paused_are_contacted(
    mudancas: dict[str, object], esperado: bool
) -> None:
    assert contactavel(lead(1, **mudancas), "email") is esperado


def test_whatsapp_needs_a_phone() -> None:
    assert contactavel(lead(1, email=None), "whatsapp")
    assert not contactavel(lead(1, telefone=None), "whatsapp")


def test_after_the_bottom_of_the_funnel_nothing_follows() -> None:
    assert [etapa_seguinte(e) for e in ("topo", "meio", "fundo")] == ["meio", "fundo", None]


def test_a_missed_follow_up_is_found() -> None:
    alvo = lead(1, status="contatado")
    assert falta_seguinte(alvo, "email", _por_etapa(enviado(alvo, "topo", AGORA))) == "meio"


def test_a_follow_up_that_is_planned_is_not_missed() -> None:
    alvo = lead(1, status="contatado")
    planejado = enviado(alvo, "meio", None, "planejado")
    mensagens = _por_etapa(enviado(alvo, "topo", AGORA), planejado)
    assert falta_seguinte(alvo, "email", mensagens) is None


@pytest.mark.parametrize("status", ["respondeu", "interessado", "descartado", "agendado"])
def test_a_lead_that_answered_or_left_has_finished(status: str) -> None:
    assert terminou(lead(1, status=status), "email", {}, AGORA, 2)


def test_a_lead_without_an_address_has_finished() -> None:
    assert terminou(lead(1, email=None), "email", {}, AGORA, 2)


@pytest.mark.parametrize("status", ["falhou", "incerto", "recusado"])
def test_a_message_that_failed_for_good_ends_the_sequence(status: str) -> None:
    alvo = lead(1)
    assert terminou(alvo, "email", _por_etapa(enviado(alvo, "topo", None, status)), AGORA, 2)


def test_the_last_stage_ends_the_sequence_only_after_the_rest() -> None:
    alvo = lead(1, status="contatado")
    mensagens = _por_etapa(enviado(alvo, "fundo", AGORA - timedelta(days=2), "lido"))
    assert not terminou(alvo, "email", mensagens, AGORA, 2)
    assert terminou(alvo, "email", mensagens, AGORA + timedelta(seconds=1), 2)


def test_messages_of_another_campaign_do_not_count() -> None:
    alvo = lead(1)
    assert da_campanha([enviado(alvo, "topo", AGORA)], alvo.id) == {}
