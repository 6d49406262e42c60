"""The twin's ``context.conversas`` and ``context.conhecimento``."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from uuid import UUID

from alquimista_sdk.errors import NotFound, PermanentError
from alquimista_sdk.models import (
    CANAIS,
    Historico,
    Interacao,
    Leitura,
    NovaResposta,
    Trecho,
)
from alquimista_sdk.testing.disparos import request
from alquimista_sdk.testing.recording import Recording

REPLY_KINDS = ("resposta", "transacional", "confirmacao")


class TwinConversas:
    """Conversations in memory."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._store = recording.store

    def history(self, lead_id: UUID, limit: int = 20) -> Historico:
        """Read the last messages of a conversation, oldest first."""
        found = [item for item in self._store.interacoes if item.lead_id == lead_id]
        found.sort(key=lambda item: item.created_at)
        return Historico(len(found), tuple(found[max(0, len(found) - limit) :]))

    def get(self, interacao_id: UUID) -> Interacao:
        """Read one message."""
        return self._store.interacoes[self._index(interacao_id)]

    def classify(self, interacao_id: UUID, leitura: Leitura) -> None:
        """Write: how a received message was read."""

        def write() -> None:
            index = self._index(interacao_id)
            self._store.interacoes[index] = replace(
                self._store.interacoes[index],
                sentimento=leitura.sentimento,
                intensidade=leitura.intensidade,
                intent=leitura.intent,
            )
            self._store.leituras[interacao_id] = leitura

        self._recording.write(write)

    def reply(self, resposta: NovaResposta) -> None:
        """Write: ask the sender to answer a lead, once per lead and ``chave``."""
        if resposta.tipo not in REPLY_KINDS or resposta.canal not in CANAIS:
            raise PermanentError(f"no {resposta.tipo!r} by {resposta.canal!r}")

        def write() -> None:
            fresh = request(
                self._recording,
                resposta.lead_id,
                resposta.tipo,
                resposta.canal,
                resposta.mensagem,
                resposta.chave,
            )
            if fresh:
                self._store.respostas.append(resposta)

        self._recording.write(write)

    def _index(self, interacao_id: UUID) -> int:
        for index, item in enumerate(self._store.interacoes):
            if item.id == interacao_id:
                return index
        raise NotFound("interação não encontrada")


class TwinConhecimento:
    """A knowledge base that finds passages by the words they share with the question."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def search(self, consulta: str, limite: int = 3) -> tuple[Trecho, ...]:
        """Read the passages that share most words (of four letters or more), best first."""
        asked = _words(consulta)
        found = []
        for trecho in self._recording.store.trechos:
            shared = len(asked & _words(f"{trecho.titulo} {trecho.texto}"))
            if shared:
                found.append(replace(trecho, relevancia=shared / len(asked)))
        found.sort(key=lambda trecho: (-trecho.relevancia, trecho.id))
        return tuple(found[:limite])


def _words(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return {word for word in re.findall(r"\w+", plain) if len(word) >= 4}
