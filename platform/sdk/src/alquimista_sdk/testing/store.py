"""What the twin keeps in memory: the tenant's data, as the SDK's own models."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from alquimista_sdk.errors import NotFound, VersionConflict
from alquimista_sdk.models import (
    Agendamento,
    Anexo,
    Campanha,
    Disparo,
    Importacao,
    Interacao,
    Lead,
    Leitura,
    LinhaBruta,
    Lote,
    MetricasFunil,
    NovaResposta,
    NovoDisparo,
    Rejeito,
    Template,
    Trecho,
)


@dataclass(frozen=True, slots=True)
class PedidoAprovacao:
    """A request for a person's approval."""

    tipo: str
    ref_id: UUID
    resumo: str


@dataclass(frozen=True, slots=True)
class Reserva:
    """A slot of a meeting: ``segurado`` (until ``expira_em``), ``confirmado`` or ``liberado``."""

    agendamento_id: UUID
    numero: int
    inicio: datetime
    fim: datetime
    estado: str
    expira_em: datetime | None = None

    def overlaps(self, inicio: datetime, fim: datetime) -> bool:
        """Whether it occupies part of a half-open span."""
        return self.estado != "liberado" and self.inicio < fim and inicio < self.fim


@dataclass(frozen=True, slots=True)
class RelatorioPublicado:
    """A report of one day."""

    data: date
    metricas: MetricasFunil
    pdf: bytes


@dataclass(frozen=True, slots=True)
class EmailGestores:
    """A mail to the tenant's managers."""

    assunto: str
    mensagem: str
    anexos: tuple[Anexo, ...]
    chave: str


@dataclass(slots=True)
class Store:
    """Fill it before a run, look at it after ``twin.commit()``.

    What a test puts in:
        ``leads``, ``lotes``, ``importacoes``, ``campanhas``, ``agendamentos``: by id (or ``add``);
        ``enriquecimento``: lead id → pendente, enriquecido, sandbox, nao_encontrado, dispensado
        (a lead that is not listed is ``pendente``); ``linhas``: import id → raw rows;
        ``leituras_falhas``: import id → the error that reading raises after its rows;
        ``templates``, ``disparos``, ``interacoes`` (in the order they happened), ``trechos``;
        ``suprimidos``: normalised e-mails and phones that must not come back;
        ``metricas``: figures, or a callable of (inicio, fim); ``estado``: (key, lead id) → value.
    What a run adds besides:
        ``rejeitos`` and ``partes`` by import, ``erros_importacao``, ``aprovacoes``, ``planos``
        (the messages planned, as asked for), ``previas`` by campaign, ``respostas``, ``leituras``
        by interação, ``reservas``, ``descadastros`` / ``recusas`` / ``pausas`` (lead id → motivo),
        ``motivos`` (disparo id → why it was cancelled), ``relatorios`` by day, ``emails``.
    """

    leads: dict[UUID, Lead] = field(default_factory=dict)
    identidades: dict[UUID, tuple[str | None, str | None]] = field(default_factory=dict)
    enriquecimento: dict[UUID, str] = field(default_factory=dict)
    suprimidos: set[str] = field(default_factory=set)
    retiradas: set[tuple[UUID, str]] = field(default_factory=set)
    lotes: dict[UUID, Lote] = field(default_factory=dict)
    lotes_da_importacao: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    importacoes: dict[UUID, Importacao] = field(default_factory=dict)
    linhas: dict[UUID, list[LinhaBruta]] = field(default_factory=dict)
    leituras_falhas: dict[UUID, Exception] = field(default_factory=dict)
    rejeitos: dict[UUID, list[Rejeito]] = field(default_factory=dict)
    partes: dict[UUID, set[int]] = field(default_factory=dict)
    erros_importacao: dict[UUID, str] = field(default_factory=dict)
    campanhas: dict[UUID, Campanha] = field(default_factory=dict)
    previas: dict[UUID, tuple[str, ...]] = field(default_factory=dict)
    templates: list[Template] = field(default_factory=list)
    aprovacoes: list[PedidoAprovacao] = field(default_factory=list)
    disparos: list[Disparo] = field(default_factory=list)
    planos: list[NovoDisparo] = field(default_factory=list)
    motivos: dict[UUID, str] = field(default_factory=dict)
    interacoes: list[Interacao] = field(default_factory=list)
    leituras: dict[UUID, Leitura] = field(default_factory=dict)
    respostas: list[NovaResposta] = field(default_factory=list)
    agendamentos: dict[UUID, Agendamento] = field(default_factory=dict)
    reservas: list[Reserva] = field(default_factory=list)
    trechos: list[Trecho] = field(default_factory=list)
    metricas: MetricasFunil | Callable[[date, date], MetricasFunil] | None = None
    relatorios: dict[date, RelatorioPublicado] = field(default_factory=dict)
    emails: list[EmailGestores] = field(default_factory=list)
    estado: dict[tuple[str, UUID | None], Mapping[str, Any]] = field(default_factory=dict)
    descadastros: dict[UUID, str] = field(default_factory=dict)
    recusas: dict[UUID, str] = field(default_factory=dict)
    pausas: dict[UUID, str] = field(default_factory=dict)
    pausa_causas: dict[UUID, str | None] = field(default_factory=dict)

    def add(self, *rows: Any) -> None:
        """Put models where they belong, by their type.

        Raises:
            TypeError: the store has no place for a value of that type.
        """
        tables: dict[type, Any] = {
            Lead: self.leads,
            Lote: self.lotes,
            Importacao: self.importacoes,
            Campanha: self.campanhas,
            Template: self.templates,
            Disparo: self.disparos,
            Interacao: self.interacoes,
            Trecho: self.trechos,
        }
        for row in rows:
            if isinstance(row, Agendamento):
                self._add_agendamento(row)
                continue
            table = tables.get(type(row))
            if table is None:
                raise TypeError(f"the store has no place for {type(row).__name__}")
            if isinstance(table, dict):
                table[row.id] = row
            else:
                table.append(row)

    def lead(self, lead_id: UUID) -> Lead:
        """One lead. Raises ``NotFound``."""
        if lead_id not in self.leads:
            raise NotFound("lead não encontrado")
        return self.leads[lead_id]

    def change_lead(self, lead_id: UUID, *, versao: int | None = None, **changes: Any) -> None:
        """Set fields of a lead and raise its version.

        Raises:
            NotFound: there is no such lead.
            VersionConflict: ``versao`` is given and is not the lead's.
        """
        lead = self.lead(lead_id)
        if versao is not None and lead.versao != versao:
            raise VersionConflict("lead changed meanwhile")
        self.leads[lead_id] = replace(lead, **changes, versao=lead.versao + 1)

    def identidade(self, lead: Lead) -> tuple[str | None, str | None]:
        """Normalised e-mail and phone: as staged, or derived from a lead that a test put in."""
        if lead.id in self.identidades:
            return self.identidades[lead.id]
        telefone = lead.telefone
        if telefone and len(telefone) == 14 and telefone.startswith("+55") and telefone[5] == "9":
            telefone = telefone[:5] + telefone[6:]
        return (lead.email.lower() if lead.email else None, telefone)

    def snapshot(self) -> dict[str, Any]:
        """A copy of every table; the rows are frozen, so one level deep (and sets) is enough."""
        return {item.name: _copied(getattr(self, item.name)) for item in dataclasses.fields(self)}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Go back to a snapshot, in place."""
        for name, value in snapshot.items():
            setattr(self, name, value)

    def _add_agendamento(self, row: Agendamento) -> None:
        self.agendamentos[row.id] = row
        estado = "confirmado" if row.status in ("confirmado", "realizado") else "segurado"
        if row.status not in ("proposto", "confirmado", "realizado"):
            estado = "liberado"
        self.reservas.extend(
            Reserva(
                row.id,
                horario.numero,
                horario.inicio,
                horario.fim,
                estado,
                row.expira_em if estado == "segurado" else None,
            )
            for horario in row.horarios
        )


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: copy.copy(item) if isinstance(item, list | set) else item
            for key, item in value.items()
        }
    return copy.copy(value) if isinstance(value, list | set) else value
