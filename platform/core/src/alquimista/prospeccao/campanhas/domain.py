"""Rules of campaigns: what an approval is bound to, and which status may follow which."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import time
from typing import Any

from alquimista_sdk.models import Mensagem, Mensagens, Ritmo

TRANSICOES: Mapping[str, frozenset[str]] = {
    "rascunho": frozenset({"aprovada"}),
    "aprovada": frozenset({"ativa", "pausada", "rascunho", "concluida"}),
    "ativa": frozenset({"pausada", "concluida", "rascunho"}),
    "pausada": frozenset({"aprovada", "ativa", "rascunho", "concluida"}),
    "concluida": frozenset(),
}


def conteudo_hash(canal: str, mensagens: Mapping[str, Any], ritmo: Mapping[str, Any]) -> str:
    """SHA-256 of what a person approves: channel, every message and the rhythm."""
    content = json.dumps([canal, mensagens, ritmo], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def mensagens_to_json(mensagens: Mensagens) -> dict[str, Any]:
    """The column's JSON: a list of variants by stage."""
    return {
        etapa: [{"texto": m.texto, "assunto": m.assunto} for m in mensagens.da_etapa(etapa)]
        for etapa in ("topo", "meio", "fundo")
    }


def mensagens_from_json(raw: Mapping[str, Any]) -> Mensagens:
    """The messages of the column's JSON."""
    stages = {
        etapa: tuple(Mensagem(item["texto"], item.get("assunto", "")) for item in raw[etapa])
        for etapa in ("topo", "meio", "fundo")
    }
    return Mensagens(**stages)


def ritmo_to_json(ritmo: Ritmo) -> dict[str, Any]:
    """The column's JSON of a rhythm."""
    return {
        "hora_inicio": ritmo.hora_inicio.isoformat("minutes"),
        "hora_fim": ritmo.hora_fim.isoformat("minutes"),
        "dias_entre_etapas": ritmo.dias_entre_etapas,
        "por_hora": ritmo.por_hora,
    }


def ritmo_from_json(raw: Mapping[str, Any]) -> Ritmo:
    """The rhythm of the column's JSON."""
    return Ritmo(
        time.fromisoformat(raw["hora_inicio"]),
        time.fromisoformat(raw["hora_fim"]),
        int(raw["dias_entre_etapas"]),
        int(raw["por_hora"]),
    )


def pode_passar(atual: str, pedido: str) -> bool:
    """Whether a campaign may go from one status to another; staying is always allowed."""
    return atual == pedido or pedido in TRANSICOES[atual]
