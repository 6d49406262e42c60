"""Decision 16: whatever dies at whatever moment, a message arrives at most once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from alquimista.plataforma.audit.service import SISTEMA
from alquimista.prospeccao.disparos.canais import Canal, Envio
from alquimista.prospeccao.leads import service as leads
from alquimista.runtime.topology import SENDER_QUEUE
from alquimista.settings import Settings
from tests.database import ROOT
from tests.integration.envio.bancada import Bancada
from tests.integration.envio.canais import CanalDeTeste, CanalEmArquivo
from tests.integration.envio.doomed import PASSOS


class EmArquivo:
    """The tests whose channel outlives the process."""

    @pytest.fixture(params=[True, False], ids=["lookup", "no-lookup"])
    def canal(self, request: pytest.FixtureRequest, tmp_path: Path) -> CanalEmArquivo:
        return CanalEmArquivo(tmp_path / "chegaram", bool(request.param))

    @pytest.fixture
    def canais(self, canal: CanalEmArquivo) -> Mapping[str, Canal]:
        return {"email": canal}


class TestKilledProcesses(EmArquivo):
    @pytest.mark.faults
    def test_a_message_arrives_once_or_is_marked_uncertain(
        self, bancada: Bancada, canal: CanalEmArquivo, settings: Settings
    ) -> None:
        lead_id = bancada.lead()
        ids = {s: bancada.planeja(lead_id, tipo="resposta", chave=f"r-{s}") for s in PASSOS}
        self._kill(bancada, canal, settings)
        assert {bancada.disparo(i).status for i in ids.values()} == {"enviando"}
        bancada.esquece_quedas()
        bancada.ate_o_fim(threads=2)

        status = {step: bancada.disparo(i).status for step, i in ids.items()}
        arrived = {step: canal.chegaram()[f"r-{step}"] for step in PASSOS}
        if canal.sabe:
            assert status == dict.fromkeys(PASSOS, "enviado")
            assert set(arrived.values()) == {1}
        else:
            assert status == dict.fromkeys(PASSOS, "incerto")
            assert arrived["antes"] == 0
            assert max(arrived.values()) == 1
        assert bancada.mortas() == []

        before = canal.chegaram()
        for disparo_id in ids.values():
            bancada.chama(disparo_id)
        bancada.avancar(timedelta(days=3))
        bancada.ate_o_fim(threads=2)
        assert canal.chegaram() == before, "what is settled is never sent again"

    def _kill(self, bancada: Bancada, canal: CanalEmArquivo, settings: Settings) -> None:
        task = {
            "owner": settings.owner_dsn,
            "app": settings.app_dsn,
            "relay": settings.relay_dsn,
            "home": str(settings.home),
            "arquivo": str(canal.arquivo),
            "sabe": canal.sabe,
            "prefixo": "r-",
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.integration.envio.doomed"],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]


def die(_: Envio) -> None:
    """As the process does when it is told to end at once."""
    raise SystemExit(1)


def crash_before_the_call(bancada: Bancada, canal: CanalDeTeste) -> None:
    """Authorise, then die; every lease runs out afterwards."""
    canal.antes = die
    bancada.system.ticker.tick()
    with pytest.raises(SystemExit):
        bancada.system.worker((SENDER_QUEUE,)).run_once(1)
    canal.antes = lambda _: None
    bancada.esquece_quedas()


def test_an_opt_out_between_the_crash_and_the_restart_stops_the_message(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    lead_id = bancada.lead()
    disparo_id = bancada.planeja(lead_id, em=timedelta(0))
    crash_before_the_call(bancada, canal)
    assert bancada.disparo(disparo_id).status == "enviando"
    with bancada.uow() as uow:
        row = leads.find(uow, lead_id)
        leads.opt_out(bancada.system.services.ports, uow, lead_id, "pediu", SISTEMA, row.tenant_id)
    bancada.ate_o_fim(threads=1)
    assert bancada.disparo(disparo_id).status == "recusado"
    assert "supressao" in bancada.recusas(disparo_id)
    assert [envio.assunto for envio in canal.envios] == ["Confirmação de descadastro"]


def test_a_message_that_was_not_called_is_sent_after_the_restart_once(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0))
    crash_before_the_call(bancada, canal)
    bancada.ate_o_fim(threads=2)
    assert bancada.disparo(disparo_id).status == "enviado"
    assert list(canal.vezes().values()) == [1]


def test_a_message_that_kills_its_process_every_time_is_given_up(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0))
    for _ in range(6):
        crash_before_the_call(bancada, canal)
        bancada.system.worker((SENDER_QUEUE,)).run_once(1)
        if bancada.disparo(disparo_id).status != "planejado":
            break
        bancada.avancar(timedelta(hours=1))
    row = bancada.disparo(disparo_id)
    assert row.status == "falhou"
    assert row.erro == "o processo caiu antes do envio"
    assert canal.chegaram == []


def test_a_restart_that_finds_the_message_arrived_only_writes_it_down(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0))
    canal.depois = die
    bancada.system.ticker.tick()
    with pytest.raises(SystemExit):
        bancada.system.worker((SENDER_QUEUE,)).run_once(1)
    bancada.esquece_quedas()
    bancada.ate_o_fim(threads=1)
    row = bancada.disparo(disparo_id)
    assert (row.status, canal.tentativas) == ("enviado", 1)
    assert row.provider_id == f"id-{row.chave_idempotencia}"
    [kept] = bancada.rows("SELECT mensagem FROM nigredo_leads.interacoes WHERE tipo = 'enviado'")
    assert kept.mensagem == row.mensagem


def test_a_message_that_is_still_on_its_way_when_its_lease_ends_is_not_sent_again(
    bancada: Bancada, canal: CanalDeTeste
) -> None:
    disparo_id = bancada.planeja(bancada.lead(), em=timedelta(0))

    def slow(_: Envio) -> None:
        """The server's clock jumps ahead, and another worker asks before the message arrives."""
        canal.antes = lambda _: None
        bancada.esquece_quedas()
        bancada.system.worker((SENDER_QUEUE,)).run_once(1)

    canal.antes = slow
    bancada.system.ticker.tick()
    bancada.system.worker((SENDER_QUEUE,)).run_once(1)
    row = bancada.disparo(disparo_id)
    assert (row.status, row.erro) == ("planejado", "o processo caiu antes do envio")
    assert list(canal.vezes().values()) == [1], "it has arrived meanwhile"
    bancada.ate_o_fim(threads=1)
    assert list(canal.vezes().values()) == [1]
    assert bancada.disparo(disparo_id).status == "enviado"
    assert canal.tentativas == 1
