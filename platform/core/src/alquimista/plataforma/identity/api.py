"""Endpoints of coming in: sign-up, login in one or two steps, refresh, logout, recovery."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request

from alquimista.http.auth import principal, public, requires
from alquimista.http.blueprint import Blueprint
from alquimista.http.services import services
from alquimista.plataforma.identity.domain import CONTA
from alquimista.plataforma.identity.invitations import ConviteAberto
from alquimista.plataforma.identity.port import Desafio, NovoCadastro, Origem, TokenAnswer
from alquimista.plataforma.identity.schemas import (
    AceiteSchema,
    CadastroSchema,
    CadastroSituacaoSchema,
    CodigoLoginSchema,
    ConfirmacaoSchema,
    ContaSchema,
    ConviteAbertoSchema,
    EsqueciSchema,
    JwksSchema,
    LoginRespostaSchema,
    LoginSchema,
    RecuperarSchema,
    ReenvioSchema,
    RefreshSchema,
    TenantIdSchema,
    TokenCartaSchema,
    TokenSchema,
)

blp = Blueprint("identity", __name__, description="Acesso")
_COUNTED = "attempts are counted per address and network, and answers never tell who has an account"


def origem() -> Origem:
    """Where the call comes from: the connection's address, never a header that callers write."""
    return Origem(request.remote_addr or "", request.headers.get("User-Agent", ""))


@blp.post("/api/auth/cadastro")
@public(f"Whoever signs up has no token yet; {_COUNTED}")
@blp.arguments(CadastroSchema)
@blp.response(202, CadastroSituacaoSchema)
def sign_up(corpo: dict[str, str]) -> dict[str, Any]:
    """Pede uma conta nova; a confirmação chega por e-mail. A resposta é sempre a mesma."""
    return {"cadastro_id": services().access.sign_up(NovoCadastro(**corpo), origem())}


@blp.post("/api/auth/cadastro/reenvio")
@public(f"Whoever signs up has no token yet; {_COUNTED}")
@blp.arguments(ReenvioSchema)
@blp.response(202, CadastroSituacaoSchema)
def resend(corpo: dict[str, Any]) -> dict[str, Any]:
    """Envia de novo a confirmação de um cadastro. A resposta é sempre a mesma."""
    services().access.resend(corpo["cadastro_id"], origem())
    return {"cadastro_id": corpo["cadastro_id"]}


@blp.post("/api/auth/cadastro/confirmacao")
@public("The token of the letter is the proof")
@blp.arguments(ConfirmacaoSchema)
@blp.response(200, TenantIdSchema)
def confirm(corpo: dict[str, Any]) -> dict[str, UUID]:
    """Confirma o e-mail de um cadastro: a conta passa a existir, com quem a pediu como admin."""
    return {"tenant_id": services().access.confirm(corpo["token"], corpo.get("codigo"))}


@blp.post("/api/auth/login")
@public(f"Whoever comes in has no token yet; {_COUNTED}")
@blp.arguments(LoginSchema)
@blp.response(200, LoginRespostaSchema)
def login(corpo: dict[str, str]) -> TokenAnswer | Desafio:
    """Troca e-mail e senha por tokens; com verificação em duas etapas, por um desafio."""
    return services().access.login(corpo["email"], corpo["senha"], origem())


@blp.post("/api/auth/login/codigo")
@public("The challenge of the first step is the proof; attempts are counted per person")
@blp.arguments(CodigoLoginSchema)
@blp.response(200, TokenSchema)
def login_code(corpo: dict[str, str]) -> TokenAnswer:
    """Responde ao desafio com um código do aplicativo ou um código de reserva."""
    return services().access.second_step(corpo["desafio"], corpo["codigo"], origem())


@blp.post("/api/auth/refresh")
@public("The refresh token is the proof")
@blp.arguments(RefreshSchema)
@blp.response(200, TokenSchema)
def refresh(corpo: dict[str, str]) -> TokenAnswer:
    """Troca um token de renovação, uma única vez, por tokens novos."""
    return services().access.refresh(corpo["refresh_token"], origem())


@blp.post("/api/auth/logout")
@public("The refresh token is the proof; an access token may have expired already")
@blp.arguments(RefreshSchema)
@blp.response(204)
def logout(corpo: dict[str, str]) -> None:
    """Encerra a sessão de um token de renovação; repetir não é erro."""
    services().access.logout(corpo["refresh_token"])


@blp.post("/api/auth/recuperacao")
@public(f"Whoever forgot the password has no token; {_COUNTED}")
@blp.arguments(EsqueciSchema)
@blp.response(202, description="A mesma resposta para qualquer endereço; o corpo é `null`.")
def forgot(corpo: dict[str, str]) -> None:
    """Envia um endereço para trocar a senha, se a conta existir. A resposta é sempre a mesma."""
    services().access.forgot(corpo["email"], origem())


@blp.post("/api/auth/recuperacao/senha")
@public("The token of the letter is the proof")
@blp.arguments(RecuperarSchema)
@blp.response(204)
def recover(corpo: dict[str, str]) -> None:
    """Define uma senha nova; todas as sessões são encerradas."""
    services().access.recover(corpo["token"], corpo["senha"], corpo.get("email"))


@blp.post("/api/auth/convites/consulta")
@public("The token of the letter is the proof")
@blp.arguments(TokenCartaSchema)
@blp.response(200, ConviteAbertoSchema)
def look_at_invitation(corpo: dict[str, str]) -> ConviteAberto:
    """Mostra para qual conta e papel é um convite, e se a pessoa já tem acesso."""
    return services().invitations.look(corpo["token"])


@blp.post("/api/auth/convites/aceite")
@public("The token of the letter is the proof")
@blp.arguments(AceiteSchema)
@blp.response(200, TenantIdSchema)
def accept_invitation(corpo: dict[str, str]) -> dict[str, UUID]:
    """Aceita um convite; quem ainda não tem acesso informa nome e senha."""
    return {
        "tenant_id": services().invitations.accept(
            corpo["token"], corpo.get("nome"), corpo.get("senha")
        )
    }


@blp.get("/api/me")
@requires(CONTA)
@blp.response(200, ContaSchema)
def me() -> dict[str, Any]:
    """Quem está chamando, em qual conta, com quais permissões."""
    caller = principal()
    with services().database.unit_of_work(caller.tenant_id) as uow:
        return services().identity.describe(uow, caller)


@blp.get("/.well-known/jwks.json")
@public("Public keys are for everybody")
@blp.response(200, JwksSchema, headers={"Cache-Control": {"description": "Five minutes"}})
def jwks() -> tuple[Any, int, dict[str, str]]:
    """As chaves públicas que conferem os tokens."""
    return services().access.jwks(), 200, {"Cache-Control": "public, max-age=300"}
