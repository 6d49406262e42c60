"""What stays up while everything else dies: the wire to the database, and the outside world.

One process. The wire is a TCP proxy before PostgreSQL's unix socket that can be cut, stalled and
closed. The outside world takes messages by idempotency key and counts them; now and then it hangs
up before it takes one, or after, so that its caller cannot know.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Pair = tuple[asyncio.StreamWriter, asyncio.StreamWriter]
_CHUNK = 65536
_HANG_UP = 0.03
_SLOW, _SLOW_SECONDS = 0.03, 1.5
"""Some messages are slow on their way; a sender's deadline is longer."""


@dataclass
class Wire:
    """The proxy. A connection's event is cleared while it is stalled."""

    target: Path
    rng: random.Random
    refuses: bool = False
    pairs: dict[Pair, asyncio.Event] = field(default_factory=dict)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a process, until either side ends it."""
        if self.refuses:
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_unix_connection(str(self.target))
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, up_writer)
        flowing = self.pairs[pair] = asyncio.Event()
        flowing.set()
        try:
            await asyncio.gather(
                _copy(reader, up_writer, flowing), _copy(up_reader, writer, flowing)
            )
        finally:
            del self.pairs[pair]
            _abort(pair)

    def cut(self, share: float) -> int:
        """Reset about a ``share`` of the connections; answers how many."""
        chosen = self._some(share)
        for pair in chosen:
            _abort(pair)
        return len(chosen)

    async def stall(self, seconds: float, share: float, cut: bool) -> int:
        """Nothing passes on some connections for a while; then it goes on, or they are cut."""
        chosen = self._some(share)
        for flowing in chosen.values():
            flowing.clear()
        await asyncio.sleep(seconds)
        for pair, flowing in chosen.items():
            if cut:
                _abort(pair)
            flowing.set()
        return len(chosen)

    def _some(self, share: float) -> dict[Pair, asyncio.Event]:
        return {pair: event for pair, event in self.pairs.items() if self.rng.random() < share}

    async def refuse(self, seconds: float) -> int:
        """Cut all, and take no new connection for a while."""
        self.refuses = True
        held = self.cut(1.0)
        await asyncio.sleep(seconds)
        self.refuses = False
        return held


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flowing: asyncio.Event
) -> None:
    try:
        while data := await reader.read(_CHUNK):
            await flowing.wait()
            writer.write(data)
            await writer.drain()
    except OSError:
        writer.transport.abort()
        return
    writer.close()


@dataclass
class World:
    """Counts what arrived, by idempotency key."""

    rng: random.Random
    arrived: Counter[str] = field(default_factory=Counter)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """``send KEY`` and ``look KEY``, a line each; one call a connection."""
        try:
            verb, _, key = (await reader.readline()).decode().strip().partition(" ")
            if not key:
                return
            if verb == "look":
                writer.write(b"yes\n" if self.arrived[key] else b"no\n")
                await writer.drain()
                return
            if self.rng.random() < _HANG_UP:
                return
            if self.rng.random() < _SLOW:
                await asyncio.sleep(self.rng.uniform(0, _SLOW_SECONDS))
            self.arrived[key] += 1
            await asyncio.sleep(self.rng.uniform(0, 0.005))
            if self.rng.random() < _HANG_UP:
                return
            writer.write(b"ok\n")
            await writer.drain()
        except OSError:
            return
        finally:
            writer.close()


@dataclass
class Outside:
    """The process's other end: ports, and commands."""

    pid: int
    control: socket.socket
    wire_port: int = 0
    world_port: int = 0

    def ask(self, **command: Any) -> Any:
        """Send a command and wait for its answer."""
        self.control.sendall(json.dumps(command).encode() + b"\n")
        return self._answer()

    def _answer(self) -> Any:
        received = b""
        while not received.endswith(b"\n"):
            data = self.control.recv(_CHUNK)
            if not data:
                raise RuntimeError("the outside process is gone")
            received += data
        return json.loads(received)

    def arrived(self) -> dict[str, int]:
        """How often each key arrived outside."""
        found: dict[str, int] = self.ask(do="arrived")
        return found


@contextmanager
def started(target: Path, seed: int) -> Iterator[Outside]:
    """Fork the process. The caller has one thread and no event loop."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        try:
            asyncio.run(_serve(target, random.Random(seed), theirs))
        finally:
            os._exit(0)
    theirs.close()
    outside = Outside(pid, ours)
    outside.wire_port, outside.world_port = outside.ask(do="ports")
    try:
        yield outside
    finally:
        ours.close()
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


async def _serve(target: Path, rng: random.Random, control: socket.socket) -> None:
    wire, world = Wire(target, rng), World(rng)
    ports = []
    for serve in (wire.serve, world.serve):
        server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=256)
        ports.append(server.sockets[0].getsockname()[1])
    reader, writer = await asyncio.open_connection(sock=control)
    while line := await reader.readline():
        answer = await _obey(json.loads(line), wire, world, ports)
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()


async def _obey(command: dict[str, Any], wire: Wire, world: World, ports: list[int]) -> Any:
    match command["do"]:
        case "ports":
            return ports
        case "arrived":
            return world.arrived
        case "cut":
            return wire.cut(command["share"])
        case "stall":
            return await wire.stall(command["seconds"], command["share"], command["cut"])
        case "refuse":
            return await wire.refuse(command["seconds"])
    raise ValueError(f"no such command: {command['do']}")


def _abort(pair: Pair) -> None:
    for side in pair:
        side.transport.abort()
