"""Sandbox leads that answer as people do: interest, questions, objections, refusal, anger, silence.

A lead's character follows from its address, so a demo's seed decides the whole week.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

_OPCAO = re.compile(r"^\s*1\)", re.MULTILINE)
_PERFIS = (
    ("interesse", 14),
    ("pergunta", 9),
    ("objecao", 7),
    ("recusa", 6),
    ("descadastro", 4),
    ("raiva", 2),
    ("silencio", 58),
)
_FALAS: Mapping[str, tuple[str, ...]] = {
    "interesse": (
        "Tenho interesse, vamos agendar uma conversa.",
        "Gostei da proposta! Podemos marcar uma reunião?",
        "Opa, faz sentido pra gente. Quando podemos conversar?",
        "Quero conhecer melhor, pode marcar um horário.",
    ),
    "pergunta": (
        "Quanto custa por mês?",
        "Vocês têm integração com o nosso ERP?",
        "Qual o prazo de implantação?",
        "Como funciona o suporte de vocês?",
    ),
    "objecao": (
        "Achei interessante, mas o orçamento está apertado agora.",
        "Já temos um fornecedor para isso.",
        "No momento não tenho tempo para trocar de sistema.",
    ),
    "recusa": (
        "Obrigado, mas não temos interesse.",
        "Agradeço o contato, porém não vamos avançar.",
    ),
    "descadastro": (
        "Por favor, me tirem da lista de contatos.",
        "SAIR",
        "Não quero mais receber mensagens de vocês.",
    ),
    "raiva": (
        "Que insistência absurda! Parem de me mandar e-mail, isso é um abuso!",
        "Já falei que não quero! Vocês são um bando de incompetentes!",
    ),
}
_DEPOIS_DA_RESPOSTA = (
    "Entendi, obrigado! Vamos marcar uma conversa então.",
    "Ótimo. Tenho interesse, quando podemos falar?",
)
_ESCOLHAS = ("2", "Pode ser o primeiro", "A opção 3 fica boa", "o segundo, por favor", "1")


@dataclass(frozen=True, slots=True, order=True)
class Resposta:
    """What a lead will say, and when (business time)."""

    quando: datetime
    lead_id: UUID = field(compare=True)
    mensagem: str = field(compare=False)


@dataclass(slots=True)
class Pessoas:
    """Watches what is written to leads and queues their answers."""

    agenda: list[Resposta] = field(default_factory=list)
    falou: dict[UUID, list[str]] = field(default_factory=dict)
    calado: set[UUID] = field(default_factory=set)
    esperou: set[UUID] = field(default_factory=set)

    def hear(self, lead_id: UUID, endereco: str, mensagem: str, quando: datetime) -> None:
        """A message arrived at a lead's address: it may answer after a while."""
        if lead_id in self.calado:
            return
        said = self.falou.setdefault(lead_id, [])
        fala = self._fala(lead_id, endereco, mensagem, said)
        if fala is None:
            return
        said.append(fala)
        atraso = timedelta(minutes=4 + _numero(endereco, f"atraso{len(said)}") % 170)
        heapq.heappush(self.agenda, Resposta(quando + atraso, lead_id, fala))

    def next_at(self) -> datetime | None:
        """When the next answer comes."""
        return self.agenda[0].quando if self.agenda else None

    def due(self, agora: datetime) -> list[Resposta]:
        """The answers whose time has come, earliest first."""
        found = []
        while self.agenda and self.agenda[0].quando <= agora:
            found.append(heapq.heappop(self.agenda))
        return found

    def _fala(self, lead_id: UUID, endereco: str, mensagem: str, said: list[str]) -> str | None:
        perfil = perfil_de(endereco)
        if _OPCAO.search(mensagem):
            if any(fala in _ESCOLHAS for fala in said):
                return None
            return _escolhida(endereco, "escolha", _ESCOLHAS)
        if said:
            if perfil == "pergunta" and len(said) == 1 and _numero(endereco, "segue") % 10 < 6:
                return _escolhida(endereco, "depois", _DEPOIS_DA_RESPOSTA)
            return None
        if perfil == "silencio" or self._waits(lead_id, endereco, perfil):
            return None
        if perfil in ("recusa", "descadastro", "raiva"):
            self.calado.add(lead_id)
        return _escolhida(endereco, "fala", _FALAS[perfil])

    def _waits(self, lead_id: UUID, endereco: str, perfil: str) -> bool:
        """Some people answer only the second message."""
        if perfil not in ("interesse", "pergunta") or _numero(endereco, "espera") % 3:
            return False
        if lead_id in self.esperou:
            return False
        self.esperou.add(lead_id)
        return True


def perfil_de(endereco: str) -> str:
    """How the person at an address behaves."""
    roll = _numero(endereco, "perfil") % 100
    for nome, peso in _PERFIS:
        if roll < peso:
            return nome
        roll -= peso
    return "silencio"


def _numero(endereco: str, para: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{endereco}:{para}".encode()).digest()[:4], "big")


def _escolhida(endereco: str, para: str, falas: tuple[str, ...]) -> str:
    return falas[_numero(endereco, para) % len(falas)]
