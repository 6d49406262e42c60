"""The twin's ``context.disparos``: planned messages, never sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid5

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import CANAIS, ETAPAS, Disparo, NovoDisparo
from alquimista_sdk.testing.recording import Recording
from alquimista_sdk.testing.store import Store

EDITED = "campanha_editada"


def request(
    recording: Recording,
    lead_id: UUID,
    tipo: str,
    canal: str,
    mensagem: str,
    chave: str,
    plano: NovoDisparo | None = None,
) -> bool:
    """Plan one message; False where its key was used before.

    A message that was taken back because its campaign was edited may be planned anew.
    """
    store = recording.store
    store.lead(lead_id)
    disparo_id = uuid5(recording.tenant.id, f"{lead_id}-{chave}")
    enviar_em: datetime = recording.now
    if plano is not None:
        enviar_em = max(plano.enviar_em, recording.now)
    new = Disparo(
        id=disparo_id,
        tipo=tipo,
        status="planejado",
        canal=canal,
        mensagem=mensagem,
        lead_id=lead_id,
        campanha_id=plano.campanha_id if plano else None,
        etapa=plano.etapa if plano else None,
        tentativa=plano.tentativa if plano else 0,
        variante=plano.variante if plano else None,
        enviar_em=enviar_em,
    )
    for index, known in enumerate(store.disparos):
        if known.id != disparo_id and not (plano and _same_message(known, plano)):
            continue
        if known.status != "cancelado" or store.motivos.get(known.id) != EDITED:
            return False
        del store.motivos[known.id]
        store.disparos[index] = replace(new, id=known.id)
        return True
    store.disparos.append(new)
    return True


def cancel_planned(store: Store, lead_id: UUID, motivo: str, only: str | None = None) -> None:
    """Cancel what is planned for a lead: every kind, or one."""
    for index, disparo in enumerate(store.disparos):
        if (
            disparo.lead_id == lead_id
            and disparo.status == "planejado"
            and (only is None or disparo.tipo == only)
        ):
            store.disparos[index] = replace(disparo, status="cancelado")
            store.motivos[disparo.id] = motivo


def _same_message(known: Disparo, plano: NovoDisparo) -> bool:
    return (known.tipo, known.lead_id, known.campanha_id, known.etapa, known.tentativa) == (
        "prospeccao",
        plano.lead_id,
        plano.campanha_id,
        plano.etapa,
        plano.tentativa,
    )


class TwinDisparos:
    """Planned messages in memory."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def by_lead(self, lead_id: UUID) -> tuple[Disparo, ...]:
        """Read the messages planned or sent to a lead, oldest first."""
        return tuple(item for item in self._recording.store.disparos if item.lead_id == lead_id)

    def by_campanha(self, campanha_id: UUID) -> tuple[Disparo, ...]:
        """Read the messages planned or sent for a campaign, oldest first."""
        return tuple(
            item for item in self._recording.store.disparos if item.campanha_id == campanha_id
        )

    def plan(self, disparo: NovoDisparo) -> None:
        """Write: plan a prospecting message; one per lead, campaign, stage and attempt."""
        if disparo.etapa not in ETAPAS or disparo.canal not in CANAIS:
            raise PermanentError(f"no message of {disparo.etapa!r} by {disparo.canal!r}")
        if disparo.enviar_em.tzinfo is None:
            raise PermanentError("enviar_em needs a time zone")
        chave = f"{disparo.campanha_id}-{disparo.etapa}-{disparo.tentativa}"

        def write() -> None:
            planned = request(
                self._recording,
                disparo.lead_id,
                "prospeccao",
                disparo.canal,
                disparo.mensagem,
                chave,
                disparo,
            )
            if planned:
                self._recording.store.planos.append(disparo)

        self._recording.write(write)

    def cancel_pending(self, lead_id: UUID, motivo: str) -> None:
        """Write: cancel the prospecting messages that are planned for a lead."""
        store = self._recording.store
        self._recording.write(lambda: cancel_planned(store, lead_id, motivo, only="prospeccao"))
