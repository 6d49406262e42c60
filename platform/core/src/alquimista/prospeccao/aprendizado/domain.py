"""What a person may correct in a reading, and when a correction may let us write again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import LEITURA_INCERTA

CERTO, INCERTO, NAO = "certo", "incerto", "nao"
SENTIMENTOS = ("positivo", "neutro", "negativo", "irritado")
DESCADASTROS = (CERTO, INCERTO, NAO)
DESCADASTRO = "descadastro"
RECUSA = "refusal"
MOTIVO = "correção de uma pessoa"
_ENCERRADOS = frozenset({"descadastrado", "descartado", "bloqueado"})
BLOQUEIOS_DA_LEITURA = frozenset({"descadastro", "recusa"})
"""Suppressions that come of how a message was read; a complaint or a bounce does not."""


class CorrecaoInvalida(PermanentError):
    """The labels contradict each other; the message says what to send."""

    code = "correcao_invalida"
    http_status = 422


class NaoSeCorrige(PermanentError):
    """This message has no reading that could be corrected."""

    code = "nao_se_corrige"
    http_status = 409


class ReabilitacaoRecusada(PermanentError):
    """The lead's block does not come of a reading that was corrected; it stays."""

    code = "reabilitacao_recusada"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Rotulos:
    """How a message reads. ``intensidade`` is 0 to 100."""

    intent: str
    sentimento: str
    intensidade: int
    descadastro: str

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Bloqueio:
    """Why a lead may not be written to.

    ``motivos`` are those of the blocklist, ``pedidos`` how often somebody but a reading asked for
    the opt-out (a link, a person, the data subject), ``lidas`` how many messages still read as a
    certain request, ``corrigidas`` how many no longer do, ``unido`` whether the lead was merged.
    """

    status: str
    motivos: Collection[str]
    pedidos: int
    lidas: int
    corrigidas: int
    unido: bool


@dataclass(frozen=True, slots=True)
class Pausa:
    """What keeps a lead paused.

    ``causa`` is the only cause, where it is one; ``incertas`` counts the messages that still read
    as an uncertain request, ``unidos_pausados`` the leads merged with it whose pause is another's.
    """

    pausado: bool
    causa: str | None
    status: str
    assumido: bool
    incertas: int
    unidos_pausados: int


def pode_retomar(pausa: Pausa) -> bool:
    """Whether nothing is left of a pause but a doubt that a person has cleared (decision 19)."""
    return (
        pausa.pausado
        and pausa.causa == LEITURA_INCERTA
        and pausa.status not in _ENCERRADOS
        and not (pausa.assumido or pausa.incertas or pausa.unidos_pausados)
    )


def corrigir(antes: Rotulos, pedido: Mapping[str, Any]) -> Rotulos:
    """The reading with what a person says laid over it.

    A certain opt-out and the intent of one are the same fact.

    Raises:
        CorrecaoInvalida: nothing is said, or intent and opt-out contradict each other.
    """
    if not pedido:
        raise CorrecaoInvalida("Diga o que corrigir: intent, sentimento, intensidade, descadastro.")
    intent = pedido.get("intent")
    saida = pedido.get("descadastro")
    if intent == DESCADASTRO and saida is None:
        saida = CERTO
    if saida == CERTO and intent is None:
        intent = DESCADASTRO
    if intent is None:
        intent = antes.intent
    if saida is None:
        saida = NAO if antes.descadastro == CERTO and intent != DESCADASTRO else antes.descadastro
    if (intent == DESCADASTRO) != (saida == CERTO):
        raise CorrecaoInvalida(
            "Descadastro certo e a intenção descadastro andam juntos: diga a intenção da mensagem."
        )
    return Rotulos(
        intent=intent,
        sentimento=pedido.get("sentimento", antes.sentimento),
        intensidade=pedido.get("intensidade", antes.intensidade),
        descadastro=saida,
    )


def pode_reabilitar(bloqueio: Bloqueio) -> None:
    """Whether a lead may be written to again, because only a wrong reading had stopped us.

    Who asked us to stop in any other way is left alone (LGPD, art. 18, § 2; decision 19).

    Raises:
        ReabilitacaoRecusada: the message says why not.
    """
    if bloqueio.status not in ("descadastrado", "descartado"):
        raise ReabilitacaoRecusada("Este lead não está descadastrado.")
    if bloqueio.unido:
        raise ReabilitacaoRecusada("Este lead foi unido a outros: o bloqueio vale para todos.")
    if bloqueio.pedidos or not BLOQUEIOS_DA_LEITURA.issuperset(bloqueio.motivos):
        raise ReabilitacaoRecusada("O bloqueio não veio só da leitura de uma mensagem.")
    if bloqueio.lidas:
        raise ReabilitacaoRecusada("Outra mensagem deste lead ainda é lida como pedido de saída.")
    if not bloqueio.corrigidas:
        raise ReabilitacaoRecusada("Corrija antes a mensagem que foi lida como saída.")
