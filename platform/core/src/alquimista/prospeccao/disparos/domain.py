"""The send gate: every outbound message passes it, and every answer has words for a person.

Rules: decisions 14 and 15; LGPD art. 7 and 18 (legal basis, opposition); WhatsApp Business
messaging policy (24-hour customer service window, templates outside it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from alquimista.prospeccao.disparos import horario

JANELA_WHATSAPP = timedelta(hours=24)
DESCANSO_POR_LEAD = timedelta(hours=20)
ESPERA_SUSPENSO = timedelta(hours=6)
_ORDEM = (
    "supressao",
    "base_legal",
    "politica_do_canal",
    "aprovacao",
    "resposta_recebida",
    "intervencao_humana",
    "horario_comercial",
    "feriado",
    "limites",
    "descanso_do_lead",
    "ambiente",
)
_TODAS = frozenset(_ORDEM)
_CONVERSA = _TODAS - {
    "aprovacao",
    "resposta_recebida",
    "horario_comercial",
    "feriado",
    "limites",
    "descanso_do_lead",
}
EXIGIDAS: Mapping[str, frozenset[str]] = {
    "prospeccao": _TODAS,
    "resposta": _CONVERSA,
    "transacional": _CONVERSA - {"intervencao_humana"},
    "confirmacao": frozenset({"ambiente"}),
    "interno": frozenset({"ambiente"}),
    "conta": frozenset({"ambiente"}),
}
"""Which checks each kind of message must pass (decision 14)."""


class Resultado(StrEnum):
    """The answer of one check."""

    OK = "ok"
    RECUSADO = "recusado"
    NAO_APLICAVEL = "nao_aplicavel"


@dataclass(frozen=True, slots=True)
class Limites:
    """Pacing of a tenant: rolling windows and the pause between two messages."""

    por_hora: int = 100
    por_dia: int = 500
    pausa: timedelta = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Ritmo:
    """What the pacing row and the rolling windows say at the moment of the decision.

    ``libera_hora`` and ``libera_dia`` are when the oldest authorisation that fills the window
    leaves it; None where the window is not full.
    """

    na_hora: int = 0
    no_dia: int = 0
    libera_hora: datetime | None = None
    libera_dia: datetime | None = None
    ultimo: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pedido:
    """A message that wants to go out."""

    tipo: str
    canal: str
    agora: datetime
    etapa: str | None = None


@dataclass(frozen=True, slots=True)
class Fatos:
    """All that the checks look at, read in the authorising transaction.

    ``base_legal`` is the basis of the purpose that the message serves, ``base_recusada`` why the
    purpose may not use the lead's data.
    """

    destino: str | None
    suprimido: bool
    status_lead: str
    fuso: str
    uf: str | None = None
    base_legal: str | None = None
    base_recusada: str | None = None
    opt_in_whatsapp: bool = False
    ultima_mensagem_do_lead: datetime | None = None
    modelo: str | None = None
    impedimento_do_modelo: str | None = None
    campanha_status: str | None = None
    aprovacao_vale: bool | None = None
    respondeu: bool = False
    assumido_por_pessoa: bool = False
    pausado: bool = False
    limites: Limites = Limites()
    ritmo: Ritmo = Ritmo()
    ultimo_ao_lead: datetime | None = None
    tenant_sandbox: bool = False
    tenant_suspenso: bool = False
    canal_sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Verificacao:
    """One check and its answer; ``adiar_ate`` is set where waiting helps."""

    codigo: str
    resultado: Resultado
    motivo: str
    adiar_ate: datetime | None = None


@dataclass(frozen=True, slots=True)
class Veredito:
    """The gate's answer with every check, in the order they were made."""

    verificacoes: tuple[Verificacao, ...]

    @property
    def permitido(self) -> bool:
        """No check refused."""
        return not self.recusas

    @property
    def recusas(self) -> tuple[Verificacao, ...]:
        """The checks that refused."""
        return tuple(v for v in self.verificacoes if v.resultado is Resultado.RECUSADO)

    @property
    def adiar_ate(self) -> datetime | None:
        """When to try again: set only where every refusal passes with time."""
        moments = [v.adiar_ate for v in self.recusas]
        known = [moment for moment in moments if moment is not None]
        return max(known) if known and len(known) == len(moments) else None


def na_janela(agora: datetime, ultima_mensagem_do_lead: datetime | None) -> bool:
    """Whether WhatsApp takes free text: the lead wrote less than 24 hours ago."""
    ultima = ultima_mensagem_do_lead
    return ultima is not None and agora - ultima < JANELA_WHATSAPP


def avaliar(pedido: Pedido, fatos: Fatos) -> Veredito:
    """Run every check of the gate on a message. Checks that the kind skips say so in words."""
    exigidas = EXIGIDAS[pedido.tipo]
    verificacoes = tuple(
        _CHECKS[codigo](pedido, fatos)
        if codigo in exigidas
        else _na(codigo, f"não se aplica a mensagens do tipo {pedido.tipo}")
        for codigo in _ORDEM
    )
    if fatos.destino is None:
        sem_canal = _recusa("canal", f"o lead não tem endereço válido para {pedido.canal}")
        return Veredito((sem_canal, *verificacoes))
    return Veredito(verificacoes)


def _ok(codigo: str, motivo: str) -> Verificacao:
    return Verificacao(codigo, Resultado.OK, motivo)


def _na(codigo: str, motivo: str) -> Verificacao:
    return Verificacao(codigo, Resultado.NAO_APLICAVEL, motivo)


def _recusa(codigo: str, motivo: str, adiar_ate: datetime | None = None) -> Verificacao:
    return Verificacao(codigo, Resultado.RECUSADO, motivo, adiar_ate)


def _supressao(_: Pedido, fatos: Fatos) -> Verificacao:
    if fatos.suprimido or fatos.status_lead in ("descadastrado", "bloqueado"):
        return _recusa("supressao", "a pessoa pediu para não receber mensagens")
    if fatos.status_lead == "descartado":
        return _recusa("supressao", "o lead recusou o contato")
    return _ok("supressao", "nenhum pedido de descadastro")


def _base_legal(pedido: Pedido, fatos: Fatos) -> Verificacao:
    prospeccao = pedido.tipo == "prospeccao"
    if prospeccao and pedido.canal == "whatsapp" and not fatos.opt_in_whatsapp:
        return _recusa("base_legal", "não há opt-in registrado para WhatsApp")
    if fatos.base_recusada is not None:
        return _recusa("base_legal", fatos.base_recusada)
    if not fatos.base_legal:
        if prospeccao:
            return _recusa("base_legal", "nenhuma base legal registrada para prospecção")
        return _na("base_legal", "a mensagem não usa dados de um lead")
    return _ok("base_legal", f"base legal registrada: {fatos.base_legal}")


def _politica_do_canal(pedido: Pedido, fatos: Fatos) -> Verificacao:
    codigo = "politica_do_canal"
    if pedido.canal != "whatsapp":
        return _na(codigo, "e-mail não tem janela de conversa")
    if na_janela(pedido.agora, fatos.ultima_mensagem_do_lead):
        return _ok(codigo, "dentro da janela de 24 horas do WhatsApp")
    if fatos.modelo is None:
        return _recusa(
            codigo,
            "fora da janela de 24 horas do WhatsApp e sem modelo aprovado: "
            "cadastre um em modelos_whatsapp",
        )
    if fatos.impedimento_do_modelo is not None:
        return _recusa(codigo, f"fora da janela de 24 horas, e {fatos.impedimento_do_modelo}")
    return _ok(codigo, f"modelo aprovado {fatos.modelo}, fora da janela de 24 horas")


def _aprovacao(_: Pedido, fatos: Fatos) -> Verificacao:
    if fatos.campanha_status == "pausada":
        return _recusa("aprovacao", "a campanha está pausada")
    if not fatos.aprovacao_vale or fatos.campanha_status not in ("aprovada", "ativa"):
        return _recusa("aprovacao", "a campanha não está aprovada com este conteúdo")
    return _ok("aprovacao", "campanha aprovada por uma pessoa com este conteúdo")


def _resposta_recebida(_: Pedido, fatos: Fatos) -> Verificacao:
    if fatos.respondeu:
        return _recusa("resposta_recebida", "o lead já respondeu; a sequência parou")
    return _ok("resposta_recebida", "o lead ainda não respondeu")


def _intervencao_humana(_: Pedido, fatos: Fatos) -> Verificacao:
    if fatos.assumido_por_pessoa:
        return _recusa("intervencao_humana", "uma pessoa assumiu a conversa")
    if fatos.pausado:
        return _recusa("intervencao_humana", "o lead espera a decisão de uma pessoa")
    return _ok("intervencao_humana", "nenhuma pessoa assumiu a conversa")


def _horario_comercial(pedido: Pedido, fatos: Fatos) -> Verificacao:
    if horario.dentro_do_expediente(pedido.agora, fatos.fuso):
        return _ok("horario_comercial", f"dentro do horário comercial em {fatos.fuso}")
    return _recusa(
        "horario_comercial",
        f"fora do horário comercial (08h-18h, segunda a sexta) em {fatos.fuso}",
        horario.proxima_abertura(pedido.agora, fatos.fuso, fatos.uf),
    )


def _feriado(pedido: Pedido, fatos: Fatos) -> Verificacao:
    nome = horario.feriado(pedido.agora.astimezone(ZoneInfo(fatos.fuso)).date(), fatos.uf)
    if nome is None:
        return _ok("feriado", "não é feriado")
    return _recusa(
        "feriado",
        f"feriado: {nome}",
        horario.proxima_abertura(pedido.agora, fatos.fuso, fatos.uf),
    )


def _limites(pedido: Pedido, fatos: Fatos) -> Verificacao:
    limites, ritmo = fatos.limites, fatos.ritmo
    if ritmo.no_dia >= limites.por_dia:
        return _recusa(
            "limites", f"limite de {limites.por_dia} mensagens em 24 horas", ritmo.libera_dia
        )
    if ritmo.na_hora >= limites.por_hora:
        return _recusa(
            "limites", f"limite de {limites.por_hora} mensagens em uma hora", ritmo.libera_hora
        )
    if ritmo.ultimo is not None and pedido.agora - ritmo.ultimo < limites.pausa:
        segundos = int(limites.pausa.total_seconds())
        return _recusa(
            "limites", f"pausa de {segundos} s entre mensagens", ritmo.ultimo + limites.pausa
        )
    return _ok("limites", f"{ritmo.na_hora} na última hora, {ritmo.no_dia} nas últimas 24 horas")


def _descanso_do_lead(pedido: Pedido, fatos: Fatos) -> Verificacao:
    ultimo = fatos.ultimo_ao_lead
    if ultimo is not None and pedido.agora - ultimo < DESCANSO_POR_LEAD:
        return _recusa(
            "descanso_do_lead",
            "o lead recebeu uma mensagem há menos de 20 horas",
            ultimo + DESCANSO_POR_LEAD,
        )
    return _ok("descanso_do_lead", "o lead não recebeu mensagem nas últimas 20 horas")


def _ambiente(pedido: Pedido, fatos: Fatos) -> Verificacao:
    if fatos.tenant_suspenso:
        return _recusa("ambiente", "a conta está suspensa", pedido.agora + ESPERA_SUSPENSO)
    if fatos.tenant_sandbox != fatos.canal_sandbox:
        return _recusa("ambiente", "canal real e ambiente de teste não se misturam")
    nome = "sandbox" if fatos.tenant_sandbox else "produção"
    return _ok("ambiente", f"ambiente: {nome}")


_CHECKS: Mapping[str, Callable[[Pedido, Fatos], Verificacao]] = {
    "supressao": _supressao,
    "base_legal": _base_legal,
    "politica_do_canal": _politica_do_canal,
    "aprovacao": _aprovacao,
    "resposta_recebida": _resposta_recebida,
    "intervencao_humana": _intervencao_humana,
    "horario_comercial": _horario_comercial,
    "feriado": _feriado,
    "limites": _limites,
    "descanso_do_lead": _descanso_do_lead,
    "ambiente": _ambiente,
}
