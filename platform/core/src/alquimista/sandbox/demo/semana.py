"""A week of prospecting on business time: the clock jumps to whatever is due next."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import text

from alquimista.app import create_app
from alquimista.bootstrap import System
from alquimista.db.session import UnitOfWork
from alquimista.prospeccao.disparos.horario import dia_util
from alquimista.runtime.topology import SENDER_QUEUE
from alquimista.sandbox import inquilino_demo
from alquimista.sandbox.demo.pessoas import Pessoas
from alquimista.sandbox.service import messages
from alquimista_sdk.errors import CriticalError
from fibonacci_bus.queues import Depth
from fibonacci_bus.worker import Worker

FUSO = "America/Sao_Paulo"
_BATCH = 20
_PAUSE = 0.002
_TELL_SECONDS = 0.2
_ATRASO = timedelta(minutes=5)
_MUITOS = 6
_STUCK_SECONDS = 120.0
_LOOK = text(
    """
    SELECT (SELECT min(due_at) FROM fibonacci_core.timers WHERE tenant_id = :tenant) AS proximo,
        (SELECT count(*) FROM nigredo_leads.campanhas
         WHERE tenant_id = :tenant AND status = 'rascunho') AS rascunhos,
        (SELECT count(*) FROM (SELECT 1 FROM fibonacci_core.queue_messages
         WHERE tenant_id = :tenant LIMIT :muitos) AS fila) AS pendentes,
        EXISTS (SELECT 1 FROM fibonacci_core.queue_messages
                WHERE tenant_id = :tenant AND queue = :remetente) AS enviando,
        (SELECT max(ordem) FROM alquimista_platform.sandbox_mensagens
         WHERE tenant_id = :tenant) AS ordem
    """
)
_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM nigredo_leads.leads WHERE tenant_id = :tenant) AS leads,
        (SELECT count(*) FROM nigredo_leads.agendamentos
         WHERE tenant_id = :tenant AND status = 'confirmado') AS reunioes
    """
)


@dataclass(frozen=True, slots=True)
class Andamento:
    """What a screen shows while the week goes by."""

    agora: datetime
    leads: int
    enviadas: int
    recebidas: int
    reunioes: int


@dataclass(frozen=True, slots=True)
class Visto:
    """One look at the tenant: business time, what is due next, and what is not done yet.

    ``pendentes`` counts events that are not handled yet, up to a few.
    """

    agora: datetime
    proximo: datetime | None
    rascunhos: int
    pendentes: int
    enviando: bool

    @property
    def vencido(self) -> bool:
        """Whether a timer is due by now."""
        return self.proximo is not None and self.proximo <= self.agora

    def may_go_on(self, moment: datetime) -> bool:
        """Whether the clock may move while events are in hand.

        A message on its way is waited for: two that leave at one moment break the pause between
        them. What comes after it may be dated some minutes late, as where workers are busy.
        """
        if self.rascunhos or self.enviando or self.pendentes >= _MUITOS:
            return False
        return not self.pendentes or moment - self.agora <= _ATRASO


@dataclass(slots=True)
class Semana:
    """Drives one tenant of a system.

    ``worker`` handles what it has consumers for before the clock goes on; None where others do all
    the work, in this process or another.
    """

    system: System
    tenant_id: UUID
    worker: Worker | None
    show: Callable[[Andamento], None]
    pessoas: Pessoas = field(default_factory=Pessoas)
    enviadas: int = 0
    recebidas: int = 0
    _seen: int = 0
    _told: float = float("-inf")
    _client: FlaskClient | None = None
    _token: str = ""

    def start(self, arquivo: Path) -> dict[str, Any]:
        """Sign in, upload the spreadsheet and wait until it is read; answers the import."""
        self._client = create_app(self.system.services).test_client()
        login = self._call(
            "POST",
            "/api/auth/login",
            {"email": inquilino_demo.EMAIL, "senha": inquilino_demo.SENHA},
        )
        self._token = login["access_token"]
        self._move_to(proxima_segunda(self._look().agora))
        with arquivo.open("rb") as content:
            response = self._client.post(
                "/api/leads/importacoes",
                data={"arquivo": (content, arquivo.name)},
                headers=self._headers(),
            )
        answered = _body(response)
        path = f"/api/leads/importacoes/{answered['id']}"
        self.drain()
        return self._call("GET", path)

    def run(self, dias: int) -> None:
        """Let ``dias`` days go by."""
        end = self._look().agora + timedelta(days=dias)
        self.drain()
        moved = time.monotonic()
        while True:
            seen, moment = self.jump(end)
            if seen.rascunhos and not seen.pendentes:
                self._approve()
            elif moment is not None:
                self._tell(seen.agora)
                self._answer(moment)
            elif seen.pendentes:
                if time.monotonic() - moved > _STUCK_SECONDS:
                    raise CriticalError(f"queues do not empty: {self._depth()}")
                if seen.vencido:
                    self.handle()
                elif not (seen.enviando and self._work()):
                    time.sleep(_PAUSE)
                continue
            else:
                break
            self.handle()
            moved = time.monotonic()

    def drain(self) -> None:
        """Handle all that is due now, also what comes of it."""
        while self.settle():
            pass

    def jump(self, end: datetime) -> tuple[Visto, datetime | None]:
        """Look, and move the clock to what is due next; None where a person or nobody waits."""
        with self._reading() as uow:
            seen = self._see(uow)
            moment = self._next(seen, end)
            if moment is None or not seen.may_go_on(moment):
                return seen, None
            self._move(uow, moment)
        return seen, moment

    def settle(self) -> int:
        """Handle what is due now; answers how many timers fired, for they may have set others."""
        quiet_since = time.monotonic()
        fired = self.handle()
        while True:
            depth = self._depth()
            if not any(d.waiting or d.in_flight or d.delayed for d in depth.values()):
                return fired
            if time.monotonic() - quiet_since > _STUCK_SECONDS:
                raise CriticalError(f"queues do not empty: {depth}")
            time.sleep(_PAUSE)
            if self._work():
                quiet_since = time.monotonic()

    def handle(self) -> int:
        """Fire what is due and handle what is visible; answers how many timers fired."""
        fired = self.system.ticker.tick()
        self._work()
        return fired

    def _depth(self) -> dict[str, Depth]:
        return self.system.services.queues.depth()

    def _work(self) -> int:
        """Handle messages until none is visible; answers how many there were."""
        return self.worker.run_until_empty(_BATCH) if self.worker is not None else 0

    def get(self, path: str) -> Any:
        """What the API answers to the demo's admin."""
        return self._call("GET", path)

    def _approve(self) -> None:
        for campanha in self._call("GET", "/api/campanhas?status=rascunho")["itens"]:
            self._call(
                "POST",
                f"/api/campanhas/{campanha['id']}/aprovar",
                {"conteudo_hash": campanha["conteudo_hash"]},
            )

    def _look(self) -> Visto:
        with self._reading() as uow:
            return self._see(uow)

    def _see(self, uow: UnitOfWork) -> Visto:
        """What came out since the last look, and what is due next."""
        named = {"tenant": self.tenant_id, "muitos": _MUITOS, "remetente": SENDER_QUEUE}
        row = uow.connection.execute(_LOOK, named).one()
        seen = Visto(
            uow.agora,
            row.proximo,
            row.rascunhos,
            row.pendentes,
            row.enviando,
        )
        found = messages(uow, self._seen, 1000, None) if (row.ordem or 0) > self._seen else ()
        for message in found:
            self._seen = max(self._seen, message.ordem)
            self.enviadas += 1
            if message.lead_id is not None:
                self.pessoas.hear(
                    message.lead_id, message.destinatario, message.mensagem, seen.agora
                )
        return seen

    def _next(self, seen: Visto, end: datetime) -> datetime | None:
        """The moment of what is due next, by the end of the week."""
        moments = [m for m in (seen.proximo, self.pessoas.next_at()) if m is not None]
        return min(moments) if moments and min(moments) <= end else None

    def _answer(self, agora: datetime) -> None:
        for resposta in self.pessoas.due(agora):
            self._call(
                "POST",
                "/api/sandbox/respostas",
                {"lead_id": str(resposta.lead_id), "mensagem": resposta.mensagem},
            )
            self.recebidas += 1

    def _move_to(self, moment: datetime) -> None:
        with self._reading() as uow:
            self._move(uow, moment)

    def _move(self, uow: UnitOfWork, moment: datetime) -> None:
        step = moment - uow.agora
        if step > timedelta(0):
            self.system.services.tenants.move_clock(uow, step)

    def _reading(self) -> Any:
        return self.system.database.unit_of_work(self.tenant_id)

    def _tell(self, agora: datetime) -> None:
        """Show how far the week is, as often as a person can see it."""
        if time.monotonic() - self._told < _TELL_SECONDS:
            return
        self._told = time.monotonic()
        with self._reading() as uow:
            row = uow.connection.execute(_COUNTS, {"tenant": self.tenant_id}).one()
        self.show(Andamento(agora, row.leads, self.enviadas, self.recebidas, row.reunioes))

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        assert self._client is not None
        response = self._client.open(path, method=method, json=body, headers=self._headers())
        return _body(response)


def proxima_segunda(agora: datetime) -> datetime:
    """07:30 in São Paulo of the next Monday whose week has no national holiday."""
    zone = ZoneInfo(FUSO)
    dia = agora.astimezone(zone).date()
    dia += timedelta(days=7 - dia.weekday())
    while not all(dia_util(dia + timedelta(days=i), None) for i in range(5)):
        dia += timedelta(days=7)
    return datetime(dia.year, dia.month, dia.day, 7, 30, tzinfo=zone)


def _body(response: Any) -> Any:
    if response.status_code >= 400:
        raise CriticalError(f"the API answered {response.status_code}: {response.get_data(True)}")
    return response.get_json()
