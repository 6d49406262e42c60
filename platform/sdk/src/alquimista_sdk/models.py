"""What agents read and ask for: frozen data, named as the columns are.

One long module of plain data, so that an author imports all of it from one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from uuid import UUID

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

LEAD_STATUS = (
    "novo",
    "enriquecido",
    "contatado",
    "respondeu",
    "interessado",
    "agendado",
    "convertido",
    "descartado",
    "descadastrado",
    "bloqueado",
)
CAMPANHA_STATUS = ("rascunho", "aprovada", "ativa", "pausada", "concluida")
AGENDAMENTO_STATUS = ("proposto", "confirmado", "realizado", "cancelado", "remarcado")
DISPARO_TIPOS = ("prospeccao", "resposta", "transacional", "confirmacao", "interno")
DISPARO_STATUS = (
    "planejado",
    "enviando",
    "enviado",
    "entregue",
    "lido",
    "falhou",
    "incerto",
    "recusado",
    "cancelado",
)
REJEITO_CLASSES = ("invalid_data", "duplicate", "blocked_pf", "no_channel", "suppressed")
ETAPAS = ("topo", "meio", "fundo")
CANAIS = ("email", "whatsapp")
LEITURA_INCERTA = "leitura_incerta"
"""Cause of a pause: a message may ask to stop; it ends once a person has read that it does not."""
FINALIDADES = (
    "prospeccao",
    "enriquecimento",
    "atendimento",
    "agendamento",
    "relatorios",
    "melhoria_modelo",
)
"""What personal data may be used for; an account gives each a legal basis."""
HORARIO_TOMADO_POR = timedelta(hours=1)
"""How long a run keeps a slot that it took and has not confirmed: longer than all its retries."""


@dataclass(frozen=True, slots=True)
class Janela:
    """An availability window of one weekday (0 = Monday), in the tenant's zone."""

    dia_semana: int
    inicio: time
    fim: time


@dataclass(frozen=True, slots=True)
class PerfilIdeal:
    """The tenant's ideal customer; empty sets mean "any". Idade in years."""

    setores: frozenset[str] = frozenset()
    portes: frozenset[str] = frozenset()
    ufs: frozenset[str] = frozenset()
    idade_minima: int | None = None
    idade_maxima: int | None = None


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """What an agent may know of the tenant that it works for."""

    id: UUID
    nome: str
    fuso_horario: str = "America/Sao_Paulo"
    email_remetente: str = ""
    emails_gestores: tuple[str, ...] = ()
    tom_marca: str = "consultivo e cordial"
    ddd_padrao: str | None = None
    perfil_ideal: PerfilIdeal = field(default_factory=PerfilIdeal)
    disponibilidade: tuple[Janela, ...] = ()
    calendario_id: str = "principal"
    palavras_descadastro: tuple[str, ...] = ()
    palavras_proibidas: tuple[str, ...] = ()
    divulgacao_automatica: bool = False
    sandbox: bool = False
    redator: str = "embutido"


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead as the table holds it; ``versao`` guards writes."""

    id: UUID
    empresa: str
    status: str
    versao: int = 1
    cnpj: str | None = None
    contato: str | None = None
    telefone: str | None = None
    email: str | None = None
    setor: str | None = None
    porte: str | None = None
    porte_receita: str | None = None
    atividade_principal: str | None = None
    cidade: str | None = None
    uf: str | None = None
    prioridade: int | None = None
    segmento: str | None = None
    lote_id: UUID | None = None
    importacao_id: UUID | None = None
    pausado: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


class LinhaBruta(NamedTuple):
    """One row as the file had it: values by canonical field, the column letters they came from.

    A tuple and no dataclass, as ``LeadHigienizado``: a file has hundreds of thousands of rows, and
    a frozen dataclass takes four times as long to make.
    """

    planilha: str
    linha: int
    valores: Mapping[str, str]
    colunas: Mapping[str, str] = _NOTHING
    extras: Mapping[str, str] = _NOTHING


class LeadHigienizado(NamedTuple):
    """A cleaned row, ready to be staged. ``telefone`` is E.164, ``cnpj`` has no punctuation.

    ``telefone_norm`` is the identity (mobile numbers without the ninth digit), ``email_norm`` the
    lower-cased address: both are what duplicates are found by.
    """

    empresa: str
    planilha: str
    linha: int
    cnpj: str | None = None
    contato: str | None = None
    telefone: str | None = None
    telefone_norm: str | None = None
    email: str | None = None
    email_norm: str | None = None
    setor: str | None = None
    porte: str | None = None
    atividade_principal: str | None = None
    cidade: str | None = None
    uf: str | None = None
    avisos: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = _NOTHING


@dataclass(frozen=True, slots=True)
class Rejeito:
    """A row that is not taken, with the class, the cell and a pt-BR message for a person."""

    planilha: str
    linha: int
    coluna: str | None
    classe: str
    mensagem: str


@dataclass(frozen=True, slots=True)
class StagedLeads:
    """The answer of ``leads.stage``: ids in the order given, None where the row was rejected."""

    lead_ids: tuple[UUID | None, ...]
    rejeitos: tuple[Rejeito, ...] = ()


@dataclass(frozen=True, slots=True)
class Importacao:
    """One upload or API post. ``origem`` is ``planilha`` or ``api``."""

    id: UUID
    origem: str
    status: str
    total_linhas: int = 0
    aceitos: int = 0
    rejeitados: int = 0


@dataclass(frozen=True, slots=True)
class LeadChanges:
    """Fields to set on a lead; None leaves the field as it is. Guarded by the version read."""

    status: str | None = None
    cnpj: str | None = None
    contato: str | None = None
    telefone: str | None = None
    email: str | None = None
    setor: str | None = None
    porte: str | None = None
    porte_receita: str | None = None
    atividade_principal: str | None = None
    cidade: str | None = None
    uf: str | None = None
    prioridade: int | None = None
    segmento: str | None = None
    enriquecimento: str | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NovoLote:
    """A lot to create. Ids of leads that belong to it; ``prioridade`` is A, B or C."""

    nome: str
    segmento: str
    prioridade: str
    lead_ids: tuple[UUID, ...]
    setor: str | None = None
    porte: str | None = None
    regiao: str | None = None


@dataclass(frozen=True, slots=True)
class Lote:
    """A homogeneous group of leads."""

    id: UUID
    nome: str
    segmento: str
    prioridade: str
    quantidade: int
    setor: str | None = None
    porte: str | None = None
    regiao: str | None = None


@dataclass(frozen=True, slots=True)
class Mensagem:
    """One message variant. ``assunto`` is for e-mail; braces name facts of the lead."""

    texto: str
    assunto: str = ""


@dataclass(frozen=True, slots=True)
class Mensagens:
    """The messages of a campaign: variants by stage of the funnel."""

    topo: tuple[Mensagem, ...]
    meio: tuple[Mensagem, ...]
    fundo: tuple[Mensagem, ...]

    def da_etapa(self, etapa: str) -> tuple[Mensagem, ...]:
        """The variants of ``topo``, ``meio`` or ``fundo``."""
        return {"topo": self.topo, "meio": self.meio, "fundo": self.fundo}[etapa]


@dataclass(frozen=True, slots=True)
class Ritmo:
    """When to send: minutes of the day in the lead's zone, business days between stages."""

    hora_inicio: time = time(9, 0)
    hora_fim: time = time(17, 30)
    dias_entre_etapas: int = 2
    por_hora: int = 100


@dataclass(frozen=True, slots=True)
class Template:
    """A message template of the tenant (or of the platform, where the tenant has none)."""

    id: UUID
    nome: str
    canal: str
    etapa: str
    variante: str
    texto: str
    assunto: str = ""
    aprovado: bool = True


@dataclass(frozen=True, slots=True)
class NovaCampanha:
    """A campaign in ``rascunho``. ``id`` comes from ``context.new_id`` so that a retry is one."""

    id: UUID
    nome: str
    segmento: str
    canal: str
    mensagens: Mensagens
    ritmo: Ritmo
    lote_id: UUID
    previas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Campanha:
    """A campaign as the table holds it. ``conteudo_hash`` is what an approval is bound to."""

    id: UUID
    nome: str
    segmento: str
    canal: str
    mensagens: Mensagens
    ritmo: Ritmo
    status: str
    versao: int
    lote_id: UUID | None = None
    conteudo_hash: str = ""
    aprovada: bool = False


@dataclass(frozen=True, slots=True)
class NovoDisparo:
    """A planned prospecting message. The key is lead, campanha, etapa and tentativa (dec. 16)."""

    lead_id: UUID
    campanha_id: UUID
    etapa: str
    tentativa: int
    variante: str
    canal: str
    assunto: str
    mensagem: str
    enviar_em: datetime


@dataclass(frozen=True, slots=True)
class Disparo:
    """An outbound message of any kind."""

    id: UUID
    tipo: str
    status: str
    canal: str
    mensagem: str
    lead_id: UUID | None = None
    campanha_id: UUID | None = None
    etapa: str | None = None
    tentativa: int = 0
    variante: str | None = None
    enviar_em: datetime | None = None
    enviado_em: datetime | None = None


@dataclass(frozen=True, slots=True)
class Anexo:
    """A file that travels with a message."""

    nome: str
    tipo_mime: str
    conteudo: bytes


@dataclass(frozen=True, slots=True)
class NovaResposta:
    """A message to a lead outside campaigns.

    ``tipo`` is ``resposta``, ``transacional`` or ``confirmacao``; ``chave`` makes it one message
    however often the handler runs (the inbound event's id for replies).
    """

    lead_id: UUID
    canal: str
    mensagem: str
    tipo: str
    chave: str
    assunto: str = ""
    anexos: tuple[Anexo, ...] = ()


@dataclass(frozen=True, slots=True)
class Interacao:
    """One message of a conversation. ``tipo`` is ``enviado`` or ``recebido``."""

    id: UUID
    lead_id: UUID
    tipo: str
    canal: str
    mensagem: str
    created_at: datetime
    sentimento: str | None = None
    intensidade: int | None = None
    intent: str | None = None


@dataclass(frozen=True, slots=True)
class Historico:
    """The last interações (oldest first, at most the limit asked) and how many there are."""

    total: int
    interacoes: tuple[Interacao, ...]


@dataclass(frozen=True, slots=True)
class Leitura:
    """How a message was read; stored on the interação."""

    sentimento: str
    intensidade: int
    intent: str
    descadastro: str
    motivos: tuple[str, ...] = ()
    modelo: str = ""


@dataclass(frozen=True, slots=True)
class ModeloDaConta:
    """A tenant's own model of an operation: its number, the shipped model that it adds to."""

    numero: int
    base: str
    sha256: str
    conteudo: bytes


@dataclass(frozen=True, slots=True)
class Intervalo:
    """A half-open span of time, UTC."""

    inicio: datetime
    fim: datetime


@dataclass(frozen=True, slots=True)
class Horario:
    """An offered slot; ``numero`` is what the lead may answer with (1, 2, 3)."""

    numero: int
    inicio: datetime
    fim: datetime


@dataclass(frozen=True, slots=True)
class Agendamento:
    """A meeting. While ``proposto`` it holds ``horarios`` until ``expira_em``."""

    id: UUID
    lead_id: UUID
    status: str
    data_hora: datetime
    duracao: int
    versao: int
    horarios: tuple[Horario, ...] = ()
    expira_em: datetime | None = None
    calendar_event_id: str | None = None
    briefing: str | None = None


@dataclass(frozen=True, slots=True)
class Objecao:
    """A recurring objection, with the interações that it was read in."""

    objecao: str
    frequencia: int
    interacao_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Taxa:
    """A rate in percent with its parts; ``valor`` is None where the denominator is zero."""

    nome: str
    numerador: int
    denominador: int
    denominador_nome: str
    valor: float | None


@dataclass(frozen=True, slots=True)
class PontoDiario:
    """One day of the funnel, in the tenant's zone."""

    data: date
    recebidos: int
    contatados: int
    responderam: int
    agendados: int


@dataclass(frozen=True, slots=True)
class MetricasFunil:
    """The funnel of a period (business days of the tenant), computed by the core."""

    inicio: date
    fim: date
    leads_recebidos: int
    leads_enriquecidos: int
    leads_enriquecidos_sandbox: int
    leads_contatados: int
    leads_responderam: int
    leads_interessados: int
    leads_agendados: int
    leads_convertidos: int
    leads_descadastrados: int
    taxas: tuple[Taxa, ...]
    serie: tuple[PontoDiario, ...] = ()
    objecoes_recorrentes: tuple[Objecao, ...] = ()
    insights: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trecho:
    """A passage of the tenant's knowledge base."""

    id: UUID
    titulo: str
    texto: str
    relevancia: float = 0.0


LeadIds = Sequence[UUID]
