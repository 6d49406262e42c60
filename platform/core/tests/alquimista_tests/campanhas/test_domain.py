"""What an approval is bound to, and which status may follow which."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.prospeccao.campanhas.domain import (
    conteudo_hash,
    mensagens_from_json,
    mensagens_to_json,
    pode_passar,
    ritmo_from_json,
    ritmo_to_json,
)
from alquimista_sdk.models import CAMPANHA_STATUS, Mensagem, Mensagens, Ritmo

VARIANTS = st.lists(
    st.builds(Mensagem, texto=st.text(max_size=40), assunto=st.text(max_size=20)),
    min_size=1,
    max_size=3,
).map(tuple)
MENSAGENS = st.builds(Mensagens, topo=VARIANTS, meio=VARIANTS, fundo=VARIANTS)
RITMOS = st.builds(
    Ritmo,
    hora_inicio=st.times().map(lambda t: time(t.hour, t.minute)),
    hora_fim=st.times().map(lambda t: time(t.hour, t.minute)),
    dias_entre_etapas=st.integers(1, 30),
    por_hora=st.integers(1, 100),
)


@given(MENSAGENS)
def test_messages_survive_the_column(mensagens: Mensagens) -> None:
    assert mensagens_from_json(mensagens_to_json(mensagens)) == mensagens


@given(RITMOS)
def test_a_rhythm_survives_the_column(ritmo: Ritmo) -> None:
    assert ritmo_from_json(ritmo_to_json(ritmo)) == ritmo


@given(MENSAGENS, MENSAGENS, RITMOS)
def test_other_content_has_another_hash(one: Mensagens, other: Mensagens, ritmo: Ritmo) -> None:
    hashes = [
        conteudo_hash("email", mensagens_to_json(m), ritmo_to_json(ritmo)) for m in (one, other)
    ]
    assert (hashes[0] == hashes[1]) == (one == other)


def test_the_channel_is_part_of_what_is_approved() -> None:
    assert conteudo_hash("email", {}, {}) != conteudo_hash("whatsapp", {}, {})


@pytest.mark.parametrize("status", CAMPANHA_STATUS)
def test_a_concluded_campaign_stays_concluded(status: str) -> None:
    assert pode_passar("concluida", status) == (status == "concluida")


def test_a_draft_becomes_active_only_through_approval() -> None:
    assert not pode_passar("rascunho", "ativa")
    assert pode_passar("rascunho", "aprovada")
    assert pode_passar("aprovada", "ativa")
