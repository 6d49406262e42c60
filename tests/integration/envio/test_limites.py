"""Decision 15: the limits hold in any rolling window, whoever sends at once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.integration.envio.bancada import Bancada
from tests.integration.envio.canais import CanalDeTeste
from tests.integration.envio.conftest import Montar

pytestmark = pytest.mark.untraced

HORA, DIA, PAUSA = timedelta(hours=1), timedelta(hours=24), timedelta(seconds=2)
ZONAS = ("+5511987654321", "+5568987654321", "+5592987654321", "+5565987654321")


def authorised(bancada: Bancada) -> list[datetime]:
    """When messages were authorised, in order."""
    rows = bancada.rows(
        "SELECT autorizado_em FROM nigredo_leads.disparos "
        "WHERE autorizado_em IS NOT NULL ORDER BY autorizado_em"
    )
    return [row.autorizado_em for row in rows]


def crowded(moments: Sequence[datetime], limit: int, window: timedelta) -> list[datetime]:
    """The authorisations that are one too many within a window."""
    return [b for a, b in zip(moments, moments[limit:], strict=False) if b - a < window]


@pytest.mark.parametrize("seed", range(3))
def test_no_window_holds_more_than_its_limit_and_nothing_is_lost(
    montar: Montar, canal: CanalDeTeste, seed: int
) -> None:
    rng = random.Random(seed)
    por_hora, por_dia = rng.randint(2, 6), rng.randint(5, 12)
    pausa = rng.choice((2, 2, 30))
    bancada = montar(por_hora=por_hora, por_dia=por_dia, pausa_s=pausa)
    planned = [
        bancada.planeja(
            bancada.lead(telefone=rng.choice(ZONAS)),
            em=timedelta(seconds=rng.choice((0, rng.randint(0, 20), rng.randint(0, 30_000)))),
        )
        for _ in range(30)
    ]
    assert bancada.ate_o_fim(threads=4) > 0
    moments = authorised(bancada)
    assert len(moments) == len(planned)
    assert crowded(moments, por_hora, HORA) == []
    assert crowded(moments, por_dia, DIA) == []
    assert [b - a for a, b in pairwise(moments) if b - a < timedelta(seconds=pausa)] == []
    assert {bancada.disparo(d).status for d in planned} == {"enviado"}
    assert set(canal.vezes().values()) == {1}
    assert bancada.mortas() == []


def test_refused_messages_leave_their_place_to_others(montar: Montar, canal: CanalDeTeste) -> None:
    bancada = montar(por_hora=3, por_dia=6)
    fine = [bancada.planeja(bancada.lead(), em=timedelta(0)) for _ in range(8)]
    bad = [
        bancada.planeja(bancada.lead(**values), em=timedelta(0))
        for values in ({"base_legal": None}, {"status": "descadastrado"}, {"pausado": True})
    ]
    bancada.ate_o_fim(threads=4)
    assert {bancada.disparo(d).status for d in fine} == {"enviado"}
    assert [bancada.disparo(d).status for d in bad] == ["recusado"] * 3
    assert [next(iter(bancada.recusas(d))) for d in bad] == [
        "base_legal",
        "supressao",
        "intervencao_humana",
    ]
    assert len(canal.chegaram) == 8


def test_a_long_queue_is_never_given_up(montar: Montar, canal: CanalDeTeste) -> None:
    bancada = montar(por_hora=1, por_dia=2)
    planned = [bancada.planeja(bancada.lead(), em=timedelta(0)) for _ in range(40)]
    bancada.ate_o_fim(threads=2)
    assert {bancada.disparo(d).status for d in planned} == {"enviado"}
    assert len(canal.chegaram) == 40
    assert bancada.agora() - min(authorised(bancada)) > timedelta(days=20)


def test_a_lead_whose_office_is_closed_does_not_hold_up_the_others(
    montar: Montar, canal: CanalDeTeste
) -> None:
    bancada = montar()
    bancada.avancar(timedelta(hours=-1.5) + timedelta(days=1))
    acre = bancada.planeja(bancada.lead(telefone="+5568987654321"), em=timedelta(0))
    rested = bancada.lead()
    bancada.planeja(rested, em=timedelta(0))
    bancada.trabalha()
    tired = bancada.planeja(rested, em=timedelta(seconds=1))
    others = [bancada.planeja(bancada.lead(), em=timedelta(seconds=3)) for _ in range(5)]
    started = bancada.agora()
    bancada.ate_o_fim(threads=2)
    late = max(bancada.disparo(d).autorizado_em for d in others)
    assert late - started < timedelta(minutes=1)
    assert bancada.disparo(acre).autorizado_em - started > HORA
    assert bancada.disparo(tired).autorizado_em - started > timedelta(hours=19)
