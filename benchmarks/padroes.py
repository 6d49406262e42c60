"""Which of 1,000 rules an event matches: the bus's index, beside moto's loop and a plain loop.

Every operator of the pattern language is among the rules, in equal parts. Events are all distinct,
and all matchers get the same ones; before anything is timed their answers are compared, event by
event. Run it from the project's root: ``python -m benchmarks.padroes``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from uuid import UUID

from moto.events.models import EventPattern

from fibonacci_bus import Event, Queue, Rule, Topology, compile_pattern

ALVO_POR_SEGUNDO = 150_000
ALVO_VEZES_MOTO = 100
FONTES = tuple(
    f"{casa}.{nome}"
    for casa in ("nigredo", "alquimista", "parceiro", "loja")
    for nome in (
        *("recebimento", "estrategia", "disparo", "atendimento", "agendamento", "relatorios"),
        *("pedidos", "estoque", "cobranca", "conversas"),
    )
)
TIPOS = (
    *("received", "staged", "enriched", "completed", "drafted", "approved"),
    *("sent", "refused", "replied", "escalated", "proposed", "confirmed"),
)
CANAIS = ("whatsapp", "email", "Web", "SMS", "telefone")
CIDADES = ("São Paulo", "Campinas", "Santos", "Recife", "Natal", "Belém", "Manaus", "Curitiba")
PASTAS = ("entrada", "saida", "relatorios", "anexos", "modelos")
TIPOS_ARQUIVO = ("pdf", "xlsx", "csv", "PNG")
ETIQUETAS = tuple(f"etiqueta-{n}" for n in range(40))
LOTE = 1000
CLIENTES = 10
"""Of which each event names one; ten times the rules, each of one customer, match as often."""
_PARTICAO = UUID(int=7)


@dataclass(frozen=True, slots=True)
class Medida:
    """Events per second of each run."""

    nome: str
    corridas: tuple[float, ...]
    processador: tuple[float, ...]

    @property
    def mediana(self) -> float:
        """The median, in events per second by the clock on the wall."""
        return statistics.median(self.corridas)

    @property
    def mediana_processador(self) -> float:
        """The median, in events per second of processor time: what a busy machine cannot lower."""
        return statistics.median(self.processador)


def campos(sorte: random.Random) -> list[Callable[[], dict[str, Any]]]:
    """One maker of a condition on the detail for every operator."""

    def numero() -> int:
        return sorte.randrange(10_000)

    def bloco() -> str:
        return f"10.{sorte.randrange(256)}.{sorte.randrange(0, 256, 16)}.0/20"

    def arquivo() -> str:
        return f"{sorte.choice(PASTAS)}/{numero():04d}"

    return [
        lambda: {"cidade": [sorte.choice(CIDADES)]},
        lambda: {"canal": sorte.sample(CANAIS, 2)},
        lambda: {"etapa": [sorte.randrange(6)]},
        lambda: {"teste": [sorte.random() < 0.5]},
        lambda: {"motivo": [None, "limite"]},
        lambda: {"motivo": [""]},
        lambda: {"arquivo": [{"prefix": arquivo()[:-1]}]},
        lambda: {"arquivo": [{"prefix": {"equals-ignore-case": arquivo()[:-2].upper()}}]},
        lambda: {"arquivo": [{"suffix": f"{numero():04d}"[2:] + ".pdf"}]},
        lambda: {"arquivo": [{"suffix": {"equals-ignore-case": ".png"}}]},
        lambda: {"canal": [{"equals-ignore-case": sorte.choice(CANAIS).upper()}]},
        lambda: {"arquivo": [{"wildcard": f"{sorte.choice(PASTAS)}/*{numero() % 100:02d}.csv"}]},
        lambda: {"arquivo": [{"wildcard": f"*/{numero() % 100:02d}*.xlsx"}]},
        lambda: {"contexto": {"mensagem": [{"wildcard": f"*pedido {numero()}*"}]}},
        lambda: {"cidade": [{"anything-but": sorte.choice(CIDADES)}]},
        lambda: {"cidade": [{"anything-but": sorte.sample(CIDADES, 5)}]},
        lambda: {"etapa": [{"anything-but": [1, 2, 3]}]},
        lambda: {"arquivo": [{"anything-but": {"prefix": sorte.choice(PASTAS)}}]},
        lambda: {"arquivo": [{"anything-but": {"suffix": f".{sorte.choice(TIPOS_ARQUIVO)}"}}]},
        lambda: {"arquivo": [{"anything-but": {"wildcard": f"*/{numero() % 10}*"}}]},
        lambda: {"canal": [{"anything-but": {"equals-ignore-case": ["WEB", "sms"]}}]},
        lambda: {"valor": [{"numeric": [">", numero(), "<=", 10_000 + numero()]}]},
        lambda: {"valor": [{"numeric": ["<", numero() // 4]}]},
        lambda: {"valor": [{"numeric": ["=", numero()]}]},
        lambda: {"ip": [{"cidr": bloco()}]},
        lambda: {"resposta": [{"exists": True}]},
        lambda: {"resposta": [{"exists": False}]},
        lambda: {"etiquetas": sorte.sample(ETIQUETAS, 3)},
        lambda: {"contexto": {"origem": sorte.sample(FONTES, 2)}},
        lambda: {
            "$or": [{"cidade": [sorte.choice(CIDADES)]}, {"valor": [{"numeric": [">", 9_000]}]}]
        },
    ]


def regras(quantas: int, sorte: random.Random, clientes: int = 1) -> list[dict[str, Any]]:
    """Patterns: most name sources and types, some take them by an operator, each asks a detail.

    With several customers each rule is of one of them.
    """
    operadores = campos(sorte)
    feitas: list[dict[str, Any]] = []
    for numero in range(quantas):
        padrao: dict[str, Any] = {"source": _fonte(sorte), "detail-type": _tipo(sorte)}
        detalhe = operadores[numero % len(operadores)]()
        if sorte.random() < 0.5:
            outro = sorte.choice(operadores)()
            if not outro.keys() & detalhe.keys() and "$or" not in (*outro, *detalhe):
                detalhe |= outro
        if clientes > 1:
            detalhe["cliente"] = [f"cliente-{sorte.randrange(clientes)}"]
        feitas.append({**padrao, "detail": detalhe})
    return feitas


def _fonte(sorte: random.Random) -> Any:
    fonte = sorte.choice(FONTES)
    casa, _, nome = fonte.partition(".")
    return sorte.choices(
        [
            [fonte],
            [fonte, sorte.choice(FONTES)],
            [{"prefix": f"{casa}.{nome[0]}"}],
            [{"suffix": f".{nome}"}],
            [{"equals-ignore-case": fonte.upper()}],
            [{"wildcard": f"{casa[0]}*.{nome}"}],
            [{"anything-but": {"prefix": [f"{c}." for c in ("nigredo", "alquimista", "loja")]}}],
        ],
        weights=(60, 20, 5, 5, 4, 5, 1),
    )[0]


def _tipo(sorte: random.Random) -> Any:
    tipo = sorte.choice(TIPOS)
    return sorte.choices(
        [[tipo], sorte.sample(TIPOS, 3), [{"prefix": tipo[:2]}], [{"suffix": "ed"}]],
        weights=(70, 20, 6, 4),
    )[0]


def evento(numero: int, sorte: random.Random) -> Event:
    """The *n*-th event: no two have the same detail."""
    detalhe: dict[str, Any] = {
        "cidade": sorte.choice(CIDADES),
        "canal": sorte.choice(CANAIS),
        "etapa": sorte.randrange(6),
        "cliente": f"cliente-{sorte.randrange(CLIENTES)}",
        "teste": sorte.random() < 0.5,
        "motivo": sorte.choice((None, "", "limite", "horário")),
        "arquivo": f"{sorte.choice(PASTAS)}/{numero:06d}.{sorte.choice(TIPOS_ARQUIVO)}",
        "valor": sorte.randrange(1_000_000) / 100,
        "ip": f"10.{sorte.randrange(256)}.{sorte.randrange(256)}.{sorte.randrange(256)}",
        "etiquetas": sorte.sample(ETIQUETAS, 3),
        "contexto": {
            "origem": sorte.choice(FONTES),
            "mensagem": f"Sobre o pedido {sorte.randrange(10_000)}: quando chega?",
        },
    }
    if sorte.random() < 0.3:
        detalhe["resposta"] = f"resposta {numero}"
    fonte, tipo = sorte.choice(FONTES), sorte.choice(TIPOS)
    trace = UUID(int=sorte.getrandbits(128))
    agora = datetime(2026, 1, 5, tzinfo=UTC)
    return Event(UUID(int=numero + 1), fonte, tipo, detalhe, _PARTICAO, trace, agora)


def medir(
    nome: str,
    um: Callable[[Event], Any],
    quantos: int,
    corridas: int,
    sorte: random.Random,
    aquecimento: int = 1,
) -> Medida:
    """Time a matcher over new events in each run, in batches as a publisher makes them.

    So many runs as ``aquecimento`` says come before, untimed. Making the events is not timed.
    """
    lotes = -(-quantos // LOTE)
    relogio, processador = [], []
    numero = 0
    for corrida in range(-aquecimento, corridas):
        gasto_relogio = gasto_processador = 0.0
        for _ in range(lotes):
            eventos = [evento(numero + i, sorte) for i in range(min(LOTE, quantos))]
            numero += len(eventos)
            inicio, gasto = time.perf_counter(), time.process_time()
            for item in eventos:
                um(item)
            gasto_processador += time.process_time() - gasto
            gasto_relogio += time.perf_counter() - inicio
        if corrida >= 0:
            relogio.append(lotes * len(eventos) / gasto_relogio)
            processador.append(lotes * len(eventos) / gasto_processador)
    return Medida(nome, tuple(relogio), tuple(processador))


class Matchers:
    """The three matchers over the same rules, each from an event to the names of its rules."""

    def __init__(self, padroes: Sequence[dict[str, Any]]) -> None:
        nomes = [f"r{n}" for n in range(len(padroes))]
        self.indice = self.topologia(padroes).queues_for
        self._compilados = [
            (nome, compile_pattern(p)) for nome, p in zip(nomes, padroes, strict=True)
        ]
        self._moto = [
            (nome, EventPattern.load(json.dumps(p))) for nome, p in zip(nomes, padroes, strict=True)
        ]

    @staticmethod
    def topologia(padroes: Sequence[dict[str, Any]]) -> Topology:
        """A queue for each rule."""
        return Topology(
            [Queue(f"r{n}") for n in range(len(padroes))],
            [Rule(f"r{n}", padrao, f"r{n}") for n, padrao in enumerate(padroes)],
        )

    def laco(self, item: Event) -> tuple[str, ...]:
        """Every compiled pattern in turn."""
        envelope = item.envelope()
        return tuple(nome for nome, padrao in self._compilados if padrao.matches(envelope))

    def moto(self, item: Event) -> tuple[str, ...]:
        """Every pattern of moto in turn, as its bus does."""
        envelope: Any = item.envelope()
        return tuple(nome for nome, padrao in self._moto if padrao.matches_event(envelope))


def comparar(eventos: Sequence[Event], matchers: Matchers) -> float:
    """Refuse to time matchers that differ; the mean number of rules that an event matches."""
    total = 0
    for item in eventos:
        achadas = matchers.indice(item)
        for nome, outro in (("laço", matchers.laco(item)), ("moto", matchers.moto(item))):
            if achadas != outro:
                raise SystemExit(f"{nome} differs on event {item.id}: {achadas} and {outro}")
        total += len(achadas)
    return total / len(eventos)


def main() -> None:
    """Measure and print one table and the three targets, judged by the clock on the wall."""
    argumentos = argparse.ArgumentParser(description="Rules matched per second, beside moto")
    argumentos.add_argument("--regras", type=int, default=1000)
    argumentos.add_argument("--eventos", type=int, default=20_000)
    argumentos.add_argument("--corridas", type=int, default=5)
    opcoes = argumentos.parse_args()
    sorte = random.Random(3)
    matchers = Matchers(regras(opcoes.regras, sorte))
    media = comparar([evento(numero, random.Random(numero)) for numero in range(60)], matchers)
    print(
        f"{opcoes.regras} rules, {opcoes.eventos} distinct events a run, {media:.1f} rules met by"
        f" an event; Python {platform.python_version()}, moto {version('moto')},"
        f" load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )

    def medida_de(
        nome: str, um: Callable[[Event], Any], quantos: int, aquecimento: int = 1
    ) -> Medida:
        return medir(nome, um, quantos, opcoes.corridas, random.Random(5), aquecimento)

    medidas = [
        medida_de("index of the bus", matchers.indice, opcoes.eventos),
        medida_de("loop over compiled", matchers.laco, max(10, opcoes.eventos // 200)),
        medida_de("loop of moto", matchers.moto, max(10, opcoes.eventos // 2000)),
    ]
    for quantas, clientes in ((1, 1), (100, 1), (100, CLIENTES)):
        feitas = regras(opcoes.regras * quantas // 10, random.Random(3), clientes)
        topologia = Matchers.topologia(feitas)
        achadas = _media([evento(n, random.Random(n)) for n in range(300)], topologia)
        nome = f"index, {len(feitas)} rules, {achadas:.1f} met"
        # Ten customers make ten times the indexes, each of which is to be met a few times.
        medidas.append(
            medida_de(nome, topologia.queues_for, opcoes.eventos, 4 if clientes > 1 else 1)
        )
    for medida in medidas:
        corridas = " ".join(f"{taxa:,.0f}" for taxa in medida.corridas)
        print(
            f"{medida.nome:<31} {medida.mediana:>10,.0f} events/s"
            f" {medida.mediana_processador:>10,.0f} per CPU second   runs: {corridas}"
        )
    nosso, moto = medidas[0].mediana, medidas[2].mediana
    _alvo(f"matcher: {nosso:.0f} events/s", nosso, ALVO_POR_SEGUNDO)
    _alvo(f"matcher vs moto: {nosso / moto:.0f} x", nosso / moto, ALVO_VEZES_MOTO)
    dez = medidas[-1].mediana
    _alvo(f"matcher at ten times the rules: {dez:.0f} events/s", dez, round(nosso / 3))


def _media(eventos: Sequence[Event], topologia: Topology) -> float:
    return statistics.mean(len(topologia.queues_for(item)) for item in eventos)


def _alvo(texto: str, valor: float, alvo: int) -> None:
    print(f"{texto} (>= {alvo}) {'met' if valor >= alvo else 'short'}")


if __name__ == "__main__":
    main()
