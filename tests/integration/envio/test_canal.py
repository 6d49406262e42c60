"""What the channel answers decides what becomes of a message."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from alquimista.prospeccao.disparos.canais import Envio
from alquimista_integrations.outcome import OutcomeUnknown
from alquimista_sdk.errors import PermanentError, TransientError
from tests.integration.envio.bancada import Bancada
from tests.integration.envio.canais import CanalDeTeste, Gesto


def fail(error: Exception, times: int = 99) -> Gesto:
    """Raise for the first ``times`` calls."""
    left = [times]

    def gesture(_: Envio) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise error

    return gesture


def test_a_passing_failure_postpones_and_then_the_message_goes_out(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    canal.antes = fail(TransientError("ocupado"), times=3)
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0))
    started = bancada.agora()
    bancada.ate_o_fim(threads=2)
    row = bancada.disparo(disparo_id)
    assert (row.status, canal.tentativas, row.adiamentos) == ("enviado", 4, 3)
    assert row.enviado_em - started >= timedelta(minutes=1 + 2 + 4)
    assert list(canal.vezes().values()) == [1]


def test_a_failure_that_does_not_pass_is_given_up_after_six_tries(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    canal.antes = fail(TransientError("ocupado"))
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0))
    bancada.ate_o_fim(threads=2)
    row = bancada.disparo(disparo_id)
    assert (row.status, row.erro, canal.tentativas) == ("falhou", "ocupado", 6)
    assert bancada.mortas() == []


def test_waiting_for_the_limits_burns_none_of_the_tries(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    planned = [bancada.planeja(bancada.lead(), em=timedelta(0)) for _ in range(12)]
    bancada.ate_o_fim(threads=1)
    canal.antes = fail(TransientError("ocupado"), times=1)
    late = [bancada.planeja(bancada.lead(), em=timedelta(0)) for _ in range(12)]
    bancada.ate_o_fim(threads=1)
    assert {bancada.disparo(d).status for d in planned + late} == {"enviado"}
    assert sorted(bancada.disparo(d).adiamentos for d in planned + late) == [0] * 23 + [1]


@pytest.mark.parametrize(
    ("error", "sabe", "status", "tries"),
    [
        (PermanentError("endereço inexistente"), True, "falhou", 1),
        (PermanentError("endereço inexistente"), False, "falhou", 1),
        (OutcomeUnknown("a conexão caiu"), False, "incerto", 1),
    ],
)
def test_a_final_answer_is_written_and_nothing_is_tried_again(
    bancada: Bancada,
    canal: CanalDeTeste,
    error: Exception,
    sabe: bool,
    status: str,
    tries: int,
) -> None:
    canal.sabe, canal.antes = sabe, fail(error)
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0))
    bancada.ate_o_fim(threads=2)
    bancada.chama(disparo_id)
    bancada.avancar(timedelta(days=1))
    bancada.ate_o_fim(threads=2)
    row = bancada.disparo(disparo_id)
    assert (row.status, row.erro, canal.tentativas) == (status, str(error), tries)
    assert row.enviado_em is None
    assert bancada.rows("SELECT 1 FROM nigredo_leads.interacoes") == []
    [lead] = bancada.rows("SELECT status FROM nigredo_leads.leads")
    assert lead.status == "enriquecido", "a message that did not go out reached nobody"


@pytest.mark.parametrize("arrived", [True, False])
def test_a_lost_answer_is_looked_up_where_the_channel_can_be_asked(
    bancada: Bancada, canal: CanalDeTeste, arrived: bool
) -> None:
    lost = fail(OutcomeUnknown("a conexão caiu"), times=1)
    if arrived:
        canal.depois = lost
    else:
        canal.antes = lost
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0))
    bancada.ate_o_fim(threads=2)
    assert bancada.disparo(disparo_id).status == "enviado"
    assert list(canal.vezes().values()) == [1]
    assert canal.tentativas == (1 if arrived else 2)


def test_two_events_of_one_message_at_once_send_it_once(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    canal.antes = lambda _: time.sleep(0.15)
    ids = [bancada.planeja(bancada.lead(), tipo="resposta") for _ in range(3)]
    for disparo_id in ids:
        bancada.chama(disparo_id, vezes=4)
    bancada.ate_o_fim(threads=4)
    assert sorted(canal.vezes().values()) == [1, 1, 1]
    assert {bancada.disparo(d).status for d in ids} == {"enviado"}
    assert bancada.mortas() == []


def test_asking_for_one_message_twice_plans_it_once(bancada: Bancada, canal: CanalDeTeste) -> None:
    lead_id = bancada.lead()
    barrier = threading.Barrier(4)
    failures: list[BaseException] = []

    def ask() -> None:
        barrier.wait()
        try:
            bancada.planeja(lead_id, tipo="resposta", chave="uma")
        except AssertionError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bancada.ate_o_fim(threads=2)
    assert canal.vezes() == {"uma": 1}
    assert len(failures) == 3


def test_a_channel_that_is_not_there_fails_in_words(bancada: Bancada) -> None:
    disparo_id = bancada.planeja(bancada.lead(), tipo="resposta", canal="pombo")
    bancada.ate_o_fim(threads=1)
    row = bancada.disparo(disparo_id)
    assert (row.status, row.erro) == ("falhou", "o canal pombo não está configurado")
    assert bancada.mortas() == []
