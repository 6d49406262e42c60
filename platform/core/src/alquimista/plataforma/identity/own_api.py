"""Endpoints of one's own access: password, sessions, second factor, the tenants one belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from alquimista.http.auth import principal, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.inventory import Inventory
from alquimista.http.services import services
from alquimista.plataforma.identity.api import origem
from alquimista.plataforma.identity.domain import PROPRIO
from alquimista.plataforma.identity.port import Credencial, SegredoNovo, TokenAnswer
from alquimista.plataforma.identity.schemas import (
    CodigoSchema,
    CodigosReservaSchema,
    ConfirmaSenhaSchema,
    EncerradasSchema,
    EncerrarSchema,
    MinhaContaFiltroSchema,
    MinhaContaPaginaSchema,
    SegredoSchema,
    SegundoFatorSchema,
    SessaoFiltroSchema,
    SessaoPaginaSchema,
    TokenSchema,
    TrocaSenhaSchema,
)

blp = Blueprint("me", __name__, url_prefix="/api/me", description="Meu acesso")


def _moment(name: str) -> Callable[[Mapping[str, Any]], int]:
    """A moment as whole microseconds, which a cursor can hold."""
    return lambda row: round(row[name].timestamp() * 1_000_000)


_SESSOES = Inventory(
    chave=lambda row: str(row["id"]),
    ordens={name: _moment(name) for name in ("ultimo_uso_em", "created_at", "expira_em")},
    filtros={
        "atual": lambda row, wanted: row["atual"] is wanted,
        "segundo_fator": lambda row, wanted: row["segundo_fator"] is wanted,
    },
)
_CONTAS = Inventory(
    chave=lambda row: str(row["id"]),
    ordens={"nome": lambda row: str(row["nome"]).casefold()},
    filtros={
        "papel": lambda row, wanted: bool(row["papel"] == wanted),
        "status": lambda row, wanted: bool(row["status"] == wanted),
    },
)


@blp.post("/senha")
@requires(PROPRIO)
@blp.arguments(TrocaSenhaSchema)
@blp.response(204)
def change_password(corpo: dict[str, str]) -> None:
    """Troca a própria senha; as outras sessões são encerradas."""
    services().access.change_password(_credential(), corpo["senha_atual"], corpo["senha_nova"])


@blp.get("/sessoes")
@requires(PROPRIO)
@blp.arguments(SessaoFiltroSchema, location="query")
@blp.response(200, SessaoPaginaSchema)
def list_sessions(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista as próprias sessões vivas, da usada por último para a mais antiga."""
    mine = _credential()
    found = services().access.sessions(mine.user_id)
    shown = [{**row, "atual": row["id"] == mine.sessao_id} for row in found]
    return _SESSOES.page(shown, filtro)


@blp.delete("/sessoes")
@requires(PROPRIO)
@blp.arguments(EncerrarSchema)
@blp.response(200, EncerradasSchema)
def end_all_sessions(corpo: dict[str, bool]) -> dict[str, int]:
    """Encerra as próprias sessões em todos os dispositivos, inclusive esta ou não."""
    ended = services().access.end_all(_credential(), manter_atual=corpo["manter_atual"])
    return {"encerradas": ended}


@blp.delete("/sessoes/<uuid:sessao_id>")
@requires(PROPRIO)
@blp.response(204)
def end_session(sessao_id: UUID) -> None:
    """Encerra uma das próprias sessões; os tokens dela deixam de valer na hora."""
    services().access.end_session(_credential().user_id, sessao_id)


@blp.get("/segundo-fator")
@requires(PROPRIO)
@blp.response(200, SegundoFatorSchema)
def second_factor() -> Mapping[str, Any]:
    """Diz se a verificação em duas etapas está ativa e quantos códigos de reserva restam."""
    return services().access.second_factor(_credential())


@blp.post("/segundo-fator")
@requires(PROPRIO)
@blp.arguments(ConfirmaSenhaSchema)
@blp.response(200, SegredoSchema)
def enrol(corpo: dict[str, str]) -> SegredoNovo:
    """Começa a verificação em duas etapas: o segredo para o aplicativo de códigos."""
    return services().access.enrol(_credential(), corpo["senha"])


@blp.post("/segundo-fator/confirmacao")
@requires(PROPRIO)
@blp.arguments(CodigoSchema)
@blp.response(200, CodigosReservaSchema)
def confirm_factor(corpo: dict[str, str]) -> dict[str, Sequence[str]]:
    """Ativa a verificação em duas etapas; os códigos de reserva aparecem só desta vez."""
    codes = services().access.confirm_factor(_credential(), corpo["codigo"])
    return {"codigos_reserva": codes}


@blp.post("/segundo-fator/desativacao")
@requires(PROPRIO)
@blp.arguments(ConfirmaSenhaSchema)
@blp.response(204)
def disable_factor(corpo: dict[str, str]) -> None:
    """Desativa a verificação em duas etapas, com a senha."""
    services().access.disable_factor(_credential(), corpo["senha"])


@blp.get("/contas")
@requires(PROPRIO)
@blp.arguments(MinhaContaFiltroSchema, location="query")
@blp.response(200, MinhaContaPaginaSchema)
def list_tenants(filtro: dict[str, Any]) -> dict[str, Any]:
    """Lista as contas a que a pessoa pertence, com o papel em cada uma."""
    caller = principal()
    found = services().identity.tenants_of(_credential().user_id)
    shown = [{**row, "atual": row["id"] == caller.tenant_id} for row in found]
    return _CONTAS.page(shown, filtro)


@blp.post("/contas/<uuid:tenant_id>/entrada")
@requires(PROPRIO)
@blp.response(200, TokenSchema)
def switch(tenant_id: UUID) -> TokenAnswer:
    """Troca de conta: tokens novos que agem na outra; a sessão que pediu termina."""
    return services().access.switch(_credential(), tenant_id, origem())


def _credential() -> Credencial:
    """What names the person who calls; only people hold ``PROPRIO``."""
    found = principal().credencial
    assert found is not None
    return found
