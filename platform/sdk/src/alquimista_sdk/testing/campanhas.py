"""The twin's ``context.campanhas`` and ``context.aprovacoes``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from uuid import UUID

from alquimista_sdk.errors import NotFound, PermanentError, VersionConflict
from alquimista_sdk.models import CAMPANHA_STATUS, CANAIS, Campanha, NovaCampanha, Template
from alquimista_sdk.testing.recording import Recording
from alquimista_sdk.testing.store import PedidoAprovacao

MOVES: Mapping[str, frozenset[str]] = {
    "rascunho": frozenset({"aprovada"}),
    "aprovada": frozenset({"ativa", "pausada", "rascunho", "concluida"}),
    "ativa": frozenset({"pausada", "concluida", "rascunho"}),
    "pausada": frozenset({"aprovada", "ativa", "rascunho", "concluida"}),
    "concluida": frozenset(),
}
"""Which status of a campaign may follow which; staying is always allowed."""


class TwinCampanhas:
    """Campaigns and templates in memory."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._store = recording.store

    def get(self, campanha_id: UUID) -> Campanha:
        """Read one campaign."""
        return self._seen(self._find(campanha_id))

    def by_lote(self, lote_id: UUID) -> tuple[Campanha, ...]:
        """Read the campaigns of a lot."""
        found = (item for item in self._store.campanhas.values() if item.lote_id == lote_id)
        return tuple(self._seen(item) for item in found)

    def by_status(self, status: str) -> tuple[Campanha, ...]:
        """Read the campaigns in a status."""
        found = (item for item in self._store.campanhas.values() if item.status == status)
        return tuple(self._seen(item) for item in found)

    def templates(self, canal: str) -> tuple[Template, ...]:
        """Read the tenant's templates of a channel."""
        found = [item for item in self._store.templates if item.canal == canal]
        return tuple(sorted(found, key=lambda item: (item.etapa, item.variante, item.id)))

    def create(self, campanha: NovaCampanha) -> None:
        """Write: a campaign in ``rascunho``; a second one of the same id changes nothing."""
        if campanha.canal not in CANAIS:
            raise PermanentError(f"no campaign by {campanha.canal!r}")

        def write() -> None:
            if campanha.id in self._store.campanhas:
                return
            content = repr((campanha.canal, campanha.mensagens, campanha.ritmo))
            self._store.campanhas[campanha.id] = Campanha(
                id=campanha.id,
                nome=campanha.nome,
                segmento=campanha.segmento,
                canal=campanha.canal,
                mensagens=campanha.mensagens,
                ritmo=campanha.ritmo,
                status="rascunho",
                versao=1,
                lote_id=campanha.lote_id,
                conteudo_hash=sha256(content.encode()).hexdigest(),
            )
            self._store.previas[campanha.id] = campanha.previas

        self._recording.write(write)

    def set_status(self, campanha_id: UUID, status: str) -> None:
        """Write: move a campaign that was read before to another status."""
        if status not in CAMPANHA_STATUS:
            raise PermanentError(f"{status!r} is no status of a campaign")
        versao = self._recording.version_of("campanhas", campanha_id)

        def write() -> None:
            current = self._find(campanha_id)
            if current.versao != versao:
                raise VersionConflict("campaign changed meanwhile")
            if status == current.status:
                return
            if status not in MOVES[current.status]:
                raise PermanentError(
                    f"uma campanha {current.status} não pode passar a {status}",
                    code="estado_invalido",
                )
            self._store.campanhas[campanha_id] = replace(current, status=status, versao=versao + 1)

        self._recording.write(write)

    def _find(self, campanha_id: UUID) -> Campanha:
        if campanha_id not in self._store.campanhas:
            raise NotFound("campanha não encontrada")
        return self._store.campanhas[campanha_id]

    def _seen(self, campanha: Campanha) -> Campanha:
        self._recording.remember("campanhas", campanha.id, campanha.versao)
        return campanha


class TwinAprovacoes:
    """Requests for approval in memory."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def request(self, tipo: str, ref_id: UUID, resumo: str) -> None:
        """Write: ask a person to approve a campaign."""
        if tipo != "campanha":
            raise PermanentError(f"nothing of type {tipo!r} can be approved")
        store = self._recording.store

        def write() -> None:
            if ref_id not in store.campanhas:
                raise NotFound("campanha não encontrada")
            pedido = PedidoAprovacao(tipo, ref_id, resumo)
            if all((item.tipo, item.ref_id) != (tipo, ref_id) for item in store.aprovacoes):
                store.aprovacoes.append(pedido)

        self._recording.write(write)
