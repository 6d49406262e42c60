"""Import of 100,000 rows through the API, against a plain openpyxl + ORM import of the same file.

Each run has a database of its own (embedded PostgreSQL, row-level security on), the API behind
waitress, and a worker in a process of its own. The clock runs from the upload's first byte to the
import's ``concluida``; memory is the peak resident set (``VmHWM``) of the worker and whatever it
starts, added up. Seconds of processor of the API, the worker and PostgreSQL are printed beside it:
on a machine that others use too they say more than the clock. Run it from the project's root:
``python -m benchmarks.importacao``.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import openpyxl
import phonenumbers
import requests
from email_validator import EmailNotValidError, validate_email
from sqlalchemy.orm import Session
from stdnum.br import cnpj as cnpj_rules
from waitress.server import create_server

from alquimista.app import create_app
from alquimista.bootstrap import System
from alquimista.prospeccao.importacoes.local import analisar_arquivo
from alquimista.prospeccao.leads.domain import chave_dedupe, telefone_identidade
from alquimista.prospeccao.leads.models import Lead
from alquimista.sandbox import inquilino_demo
from alquimista.sandbox.planilha_suja import cnpj
from alquimista.sandbox.xlsx import Celula, FolhaNova, gravar
from alquimista.server import WorkerProcess, running_system
from alquimista.settings import Settings
from benchmarks.pasta import pasta
from benchmarks.processos import Arvore, pai

ALVO_LINHAS_POR_SEGUNDO = 15_000
ALVO_MEMORIA_MB = 300
CABECALHO = (
    "Razão Social",
    "CNPJ",
    "Contato",
    "Telefone",
    "E-mail",
    "Setor",
    "Porte",
    "Atividade principal",
    "Cidade",
    "UF",
)
SEM_CANAL_A_CADA = 50
"""One row in so many has neither phone nor e-mail, and is rejected."""
_ESPERA_SEGUNDOS = 300.0
_OLHAR_SEGUNDOS = 0.25


@dataclass(frozen=True, slots=True)
class Medida:
    """One run: seconds of each way, the worker's peak in MB, the machine's load before it.

    ``simples`` is None where the plain import was left out. ``cpu`` are the seconds of processor of
    the API, the worker and PostgreSQL.
    """

    nosso: float
    simples: float | None
    leitura: float
    memoria_mb: float
    carga: float
    cpu: tuple[float, float, float]


def main() -> None:
    """Run the benchmark and print medians and targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--linhas", type=int, default=100_000)
    parser.add_argument("--vezes", type=int, default=3)
    parser.add_argument("--sem-simples", action="store_true", help="leave the plain import out")
    args = parser.parse_args()
    with pasta("importacao") as folder:
        path = folder / "leads.xlsx"
        gravar(path, [FolhaNova("Leads", linhas(args.linhas))])
        print(f"file: {args.linhas} rows, {path.stat().st_size / 1e6:.1f} MB")
        found = []
        for number in range(1, args.vezes + 1):
            home = folder / f"run-{number}"
            measured = medir(home, path, args.linhas, simples=not args.sem_simples)
            found.append(measured)
            plain = "left out" if measured.simples is None else f"{measured.simples:.2f} s"
            print(
                f"run {number}: import {measured.nosso:.2f} s, plain {plain}, "
                f"read and map alone {measured.leitura:.2f} s, "
                f"processor {_processador(measured)}, "
                f"worker {measured.memoria_mb:.0f} MB, "
                f"load {measured.carga:.1f} on {os.cpu_count()} cores",
                flush=True,
            )
    relatar(found, args.linhas)


def _processador(measured: Medida) -> str:
    api, worker, postgres = measured.cpu
    return f"{api:.2f} s API, {worker:.2f} s worker, {postgres:.2f} s PostgreSQL"


def relatar(found: Sequence[Medida], rows: int) -> None:
    """Print the medians against the targets."""
    ours = rows / statistics.median(item.nosso for item in found)
    plains = [item.simples for item in found if item.simples is not None]
    reading = rows / statistics.median(item.leitura for item in found)
    memory = statistics.median(item.memoria_mb for item in found)
    print(f"read and map alone: {reading:.0f} rows/s")
    if plains:
        plain = rows / statistics.median(plains)
        print(f"plain openpyxl + ORM: {plain:.0f} rows/s")
        print(f"ratio: {ours / plain:.1f} times the plain import")
    speed = "met" if ours >= ALVO_LINHAS_POR_SEGUNDO else "short"
    print(f"import: {ours:.0f} rows/s (>= {ALVO_LINHAS_POR_SEGUNDO}) {speed}")
    room = "met" if memory <= ALVO_MEMORIA_MB else "short"
    print(f"worker memory: {memory:.0f} MB (<= {ALVO_MEMORIA_MB}) {room}")


def linhas(quantas: int) -> Iterator[Sequence[Celula]]:
    """Rows of companies that do not exist, all different; some have no channel."""
    chance = random.Random(7)
    yield CABECALHO
    for number in range(quantas):
        channel = (number + 1) % SEM_CANAL_A_CADA != 0
        yield (
            f"Empresa {number:06d} Comércio Ltda",
            cnpj(f"{number + 10_000_000:08d}0001"),
            f"Contato {chance.randrange(1000)}",
            f"(11) 9{8000 + number // 10_000}-{number % 10_000:04d}" if channel else "",
            f"contato@empresa-{number:06d}.com.br" if channel else "",
            "Tecnologia",
            "Média",
            "Desenvolvimento de programas de computador sob encomenda",
            "São Paulo",
            "SP",
        )


def medir(home: Path, path: Path, rows: int, *, simples: bool) -> Medida:
    """One run on a fresh database."""
    home.mkdir()
    load = os.getloadavg()[0]
    settings = Settings(home=home, master_key=bytes(range(32)), log_level="ERROR")
    with running_system(settings) as system:
        tenant_id = inquilino_demo.provision(system)
        worker = WorkerProcess(system.settings)
        worker.start()
        try:
            with _api(system) as address:
                seconds, accepted, peak, cpu = _importar(address, path, worker, _postmaster(system))
        finally:
            worker.stop()
        if accepted != rows - rows // SEM_CANAL_A_CADA:
            raise SystemExit(f"{accepted} of {rows} rows were accepted")
        reading = _ler(path)
        plain = _importar_simples(system, tenant_id, path) if simples else None
    return Medida(seconds, plain, reading, peak, load, cpu)


@contextmanager
def _api(system: System) -> Iterator[str]:
    server = create_server(create_app(system.services), host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        server.task_dispatcher.shutdown()
        # In the loop's own thread: it must not be waiting on what is closed.
        server.trigger.pull_trigger(server.close)
        thread.join(5)


def _importar(
    address: str, path: Path, worker: WorkerProcess, postmaster: int
) -> tuple[float, int, float, tuple[float, float, float]]:
    """Seconds from upload to ``concluida``, accepted rows, the worker's peak in MB, processor."""
    assert worker.pid is not None
    trees = (Arvore(worker.pid), Arvore(postmaster))
    with requests.Session() as session:
        _entrar(session, address)
        time.sleep(8)  # the worker's imports are no part of the import
        before = _usados(trees)
        seconds, accepted = _importar_com(session, address, path, trees[0])
        after = _usados(trees)
    api, ours, postgres = (round(end - start, 2) for start, end in zip(before, after, strict=True))
    return seconds, accepted, trees[0].pico_mb(), (api, ours, postgres)


def _postmaster(system: System) -> int:
    """The server's process: the parent of whichever serves a connection."""
    with system.database.anonymous() as connection:
        backend: int = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    return pai(backend)


def _usados(trees: Sequence[Arvore]) -> list[float]:
    """Seconds of processor of this process, which is the API, and of each tree."""
    for tree in trees:
        tree.olhar()
    return [time.process_time(), *(tree.segundos() for tree in trees)]


def _entrar(session: requests.Session, address: str) -> None:
    login = session.post(
        f"{address}/api/auth/login",
        json={"email": inquilino_demo.EMAIL, "senha": inquilino_demo.SENHA},
        timeout=30,
    )
    session.headers["Authorization"] = f"Bearer {login.json()['access_token']}"


def _importar_com(
    session: requests.Session, address: str, path: Path, worker: Arvore
) -> tuple[float, int]:
    started = time.perf_counter()
    with path.open("rb") as content:
        answer = session.post(
            f"{address}/api/leads/importacoes", files={"arquivo": content}, timeout=120
        )
    answer.raise_for_status()
    location = f"{address}{answer.headers['Location']}?limite=1"
    while True:
        body = session.get(location, timeout=30).json()
        if body["status"] == "concluida":
            break
        if body["status"] == "falhou" or time.perf_counter() - started > _ESPERA_SEGUNDOS:
            raise SystemExit(f"import ended as {body['status']}: {body['erro']}")
        time.sleep(_OLHAR_SEGUNDOS)
        worker.olhar()
    return time.perf_counter() - started, int(body["aceitos"])


def _ler(path: Path) -> float:
    started = time.perf_counter()
    count = sum(1 for _ in analisar_arquivo(path).linhas())
    if count == 0:
        raise SystemExit("no row was read")
    return time.perf_counter() - started


def _importar_simples(system: System, tenant_id: UUID, path: Path) -> float:
    """What one writes first: openpyxl, the validating libraries, ``Session.add_all``."""
    with system.database.unit_of_work(tenant_id) as uow:
        uow.connection.exec_driver_sql("UPDATE nigredo_leads.leads SET chave_dedupe = id::text")
    started = time.perf_counter()
    with system.database.unit_of_work(tenant_id) as uow:
        book = openpyxl.load_workbook(path, read_only=True)
        rows = book["Leads"].iter_rows(min_row=2, values_only=True)
        with Session(bind=uow.connection) as session:
            with_channel = (row for row in rows if row[3] or row[4])
            session.add_all([_lead(tenant_id, uow.agora, row) for row in with_channel])
            session.flush()
        book.close()
    return time.perf_counter() - started


def _lead(tenant_id: UUID, agora: object, row: Sequence[object]) -> Lead:
    empresa, documento, contato, telefone, email, setor, porte, atividade, cidade, uf = map(
        str, row
    )
    number = phonenumbers.parse(telefone, "BR")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    try:
        address = validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise SystemExit(f"the benchmark's own address is invalid: {email}") from error
    identity = telefone_identidade(e164)
    return Lead(
        id=uuid4(),
        tenant_id=tenant_id,
        empresa=empresa,
        cnpj=cnpj_rules.validate(documento),
        contato=contato,
        telefone=e164,
        telefone_norm=identity,
        email=address,
        email_norm=address.lower(),
        chave_dedupe=chave_dedupe(address.lower(), identity),
        setor=setor,
        porte=porte,
        atividade_principal=atividade,
        cidade=cidade,
        uf=uf,
        status="novo",
        enriquecimento="pendente",
        pausado=False,
        token_conversa=0,
        created_at=agora,
        updated_at=agora,
        metadata_={},
    )


if __name__ == "__main__":
    main()
