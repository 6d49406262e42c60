"""Channels that do what a test tells them: fail, forget, be slow, or die at a step."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from alquimista.prospeccao.disparos.canais import Envio, Situacao

Gesto = Callable[[Envio], None]


def _nothing(_: Envio) -> None:
    return None


@dataclass
class CanalDeTeste:
    """Keeps what arrives. ``antes`` and ``depois`` of keeping may raise."""

    sandbox: bool = True
    sabe: bool = True
    antes: Gesto = _nothing
    depois: Gesto = _nothing
    chegaram: list[tuple[str, datetime]] = field(default_factory=list)
    envios: list[Envio] = field(default_factory=list)
    tentativas: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, envio: Envio) -> str:
        """Keep one message."""
        with self._lock:
            self.tentativas += 1
        self.antes(envio)
        with self._lock:
            self.chegaram.append((envio.chave, envio.agora))
            self.envios.append(envio)
        self.depois(envio)
        return f"id-{envio.chave}"

    def lookup(self, envio: Envio) -> tuple[Situacao, str | None]:
        """What became of a message, where the channel can be asked."""
        if not self.sabe:
            return "desconhecido", None
        if any(chave == envio.chave for chave, _ in self.chegaram):
            return "enviado", f"id-{envio.chave}"
        return "nao_enviado", None

    def vezes(self) -> Counter[str]:
        """How often each message arrived."""
        return Counter(chave for chave, _ in self.chegaram)


@dataclass
class CanalEmArquivo:
    """A line per arrived message in a file, which outlives the process that dies at ``morre``."""

    arquivo: Path
    sabe: bool
    morre: str | None = None
    sandbox: bool = True

    def send(self, envio: Envio) -> str:
        """Write a line; die before or after it, if told so."""
        if self.morre == "antes":
            os.kill(os.getpid(), signal.SIGKILL)
        with self.arquivo.open("a", encoding="utf-8") as file:
            file.write(f"{envio.chave}\n")
        if self.morre == "depois":
            os.kill(os.getpid(), signal.SIGKILL)
        return f"id-{envio.chave}"

    def lookup(self, envio: Envio) -> tuple[Situacao, str | None]:
        """Look into the file, where the channel can be asked."""
        if not self.sabe:
            return "desconhecido", None
        if envio.chave in self.chegaram():
            return "enviado", f"id-{envio.chave}"
        return "nao_enviado", None

    def chegaram(self) -> Counter[str]:
        """How often each message arrived."""
        if not self.arquivo.exists():
            return Counter()
        return Counter(self.arquivo.read_text(encoding="utf-8").split())
