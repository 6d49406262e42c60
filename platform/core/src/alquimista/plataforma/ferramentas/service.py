"""Use cases of outside MCP servers: register, ask again, remove, and their tools for a registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.keywrap import (
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)
from jsonschema import Draft202012Validator
from sqlalchemy import Row, delete, func, insert, select, update

from alquimista.db.base import table_of
from alquimista.db.session import Database, UnitOfWork
from alquimista.plataforma.audit.service import Ator, record
from alquimista.plataforma.ferramentas.domain import callable_now, same_origin, taken, tool_name
from alquimista.plataforma.ferramentas.models import ServidorMcp
from alquimista.tools.registry import Tool, ToolContract
from alquimista_integrations.egress.addresses import Policy, check_url
from alquimista_integrations.mcp.offer import OfferedTool
from alquimista_integrations.mcp.schemas import harmless
from alquimista_sdk.errors import NotFound, PermanentError, TransientError

SERVIDORES = table_of(ServidorMcp)
POR_CONTA = 10


class ServidorRepetido(PermanentError):
    """The tenant has a server of that name, or as many as there may be."""

    code = "servidor_mcp_repetido"
    http_status = HTTPStatus.CONFLICT


class ServidorFora(PermanentError):
    """The server does not answer now, so its tools are not known."""

    code = "servidor_mcp_fora_do_ar"


class TokenDeOutroServidor(PermanentError):
    """The address moves to another host, and the token was given for the old one."""

    code = "token_de_outro_servidor"


class Server(Protocol):
    """An outside server."""

    def tools(self) -> Sequence[OfferedTool]:
        """What it lists."""

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        entrada: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """Call one of them, whose input schema is ``entrada``."""


Connect = Callable[[str, str | None, Policy], Server]


def over_http(url: str, token: str | None, policy: Policy) -> Server:
    """A server at a URL; the SDK is imported only here, at the first call."""
    from alquimista_integrations.mcp.client import OutsideServer

    return OutsideServer(url, token, policy)


@dataclass(frozen=True, slots=True)
class ServidorService:
    """``master`` wraps the tokens (RFC 5649)."""

    database: Database
    policy: Policy
    master: bytes
    connect: Connect = over_http

    def discover(self, url: str, token: str | None) -> list[dict[str, Any]]:
        """The tools of a server, by asking it; no transaction may be open.

        Raises:
            UrlNaoPermitida: the address may not be called.
            ServidorFora: it does not answer.
            PermanentError: it refuses.
        """
        check_url(url, self.policy)
        try:
            listed = self.connect(url, token, self.policy).tools()
        except TransientError as error:
            raise ServidorFora("O servidor não respondeu como um servidor MCP.") from error
        return taken((_plain(tool) for tool in listed), harmless)

    def create(
        self,
        uow: UnitOfWork,
        nome: str,
        url: str,
        token: str | None,
        ferramentas: Sequence[Mapping[str, Any]],
        ator: Ator,
    ) -> UUID:
        """Register a server with its tools. Raises ``ServidorRepetido``."""
        there = self._names(uow)
        if nome in there:
            raise ServidorRepetido(f"Já há um servidor com o nome {nome}.")
        if len(there) >= POR_CONTA:
            raise ServidorRepetido(f"Uma conta tem no máximo {POR_CONTA} servidores.")
        servidor_id = uuid4()
        uow.connection.execute(
            insert(SERVIDORES).values(
                id=servidor_id,
                tenant_id=uow.tenant_id,
                nome=nome,
                url=url,
                segredo=self._wrapped(token),
                ferramentas=list(ferramentas),
                ativo=True,
                created_at=uow.agora,
                updated_at=uow.agora,
            )
        )
        _note(uow, ator, "servidor_mcp.criado", servidor_id, depois={"nome": nome, "url": url})
        return servidor_id

    def discover_changed(
        self, row: Row[Any], changes: Mapping[str, Any]
    ) -> list[dict[str, Any]] | None:
        """The tools of a server as a change would have it; None where nothing needs asking.

        Raises as ``discover``, and ``TokenDeOutroServidor``: see there.
        """
        if "url" not in changes and "token" not in changes:
            return None
        url = changes.get("url", row.url)
        if "token" not in changes and row.segredo is not None and not same_origin(url, row.url):
            raise TokenDeOutroServidor("O endereço é de outro servidor: envie o token dele.")
        return self.discover(url, changes["token"] if "token" in changes else self.token_of(row))

    def edit(
        self,
        uow: UnitOfWork,
        row: Row[Any],
        changes: Mapping[str, Any],
        ferramentas: Sequence[Mapping[str, Any]] | None,
        ator: Ator,
    ) -> None:
        """Change a locked server; ``ferramentas`` as ``discover_changed`` found them.

        Raises:
            ServidorRepetido: the new name is taken.
        """
        values = {name: value for name, value in changes.items() if name != "token"}
        if values.get("nome", row.nome) != row.nome and values["nome"] in self._names(uow):
            raise ServidorRepetido(f"Já há um servidor com o nome {values['nome']}.")
        antes = {name: row._mapping[name] for name in values}
        depois = dict(values)
        if "token" in changes:
            values["segredo"] = self._wrapped(changes["token"])
            antes["com_token"], depois["com_token"] = (
                row.segredo is not None,
                changes["token"] is not None,
            )
        if ferramentas is not None:
            values["ferramentas"] = list(ferramentas)
        uow.connection.execute(
            update(SERVIDORES)
            .where(*_one(uow, row.id))
            .values(**values, updated_at=uow.agora, versao=SERVIDORES.c.versao + 1)
        )
        _note(uow, ator, "servidor_mcp.alterado", row.id, antes=antes, depois=depois)

    def note_test(self, uow: UnitOfWork, servidor_id: UUID, ok: bool, ator: Ator) -> None:
        """Audit that somebody asked a server how it is."""
        resultado = "ok" if ok else "falhou"
        _note(uow, ator, "servidor_mcp.testado", servidor_id, resultado=resultado)

    def _names(self, uow: UnitOfWork) -> set[str]:
        """The names in use; nobody else of the account adds one until the commit."""
        uow.connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtext(f"servidores_mcp {uow.tenant_id}")))
        )
        names = select(SERVIDORES.c.nome).where(SERVIDORES.c.tenant_id == uow.tenant_id)
        return set(uow.connection.execute(names).scalars())

    def renew(
        self,
        uow: UnitOfWork,
        servidor_id: UUID,
        ferramentas: Sequence[Mapping[str, Any]],
        ator: Ator,
    ) -> None:
        """Keep what the server lists now. Raises ``NotFound``."""
        before = find(uow, servidor_id)
        uow.connection.execute(
            update(SERVIDORES)
            .where(*_one(uow, servidor_id))
            .values(
                ferramentas=list(ferramentas),
                updated_at=uow.agora,
                versao=SERVIDORES.c.versao + 1,
            )
        )
        _note(
            uow,
            ator,
            "servidor_mcp.atualizado",
            servidor_id,
            antes={"ferramentas": [tool["nome"] for tool in before.ferramentas]},
            depois={"ferramentas": [tool["nome"] for tool in ferramentas]},
        )

    def remove(self, uow: UnitOfWork, servidor_id: UUID, ator: Ator) -> None:
        """Forget a server: its tools exist no more. Raises ``NotFound``."""
        row = find(uow, servidor_id)
        uow.connection.execute(delete(SERVIDORES).where(*_one(uow, servidor_id)))
        antes = {"nome": row.nome, "url": row.url}
        _note(uow, ator, "servidor_mcp.removido", servidor_id, antes=antes)

    def token_of(self, row: Row[Any]) -> str | None:
        """The token that a stored server is called with."""
        if row.segredo is None:
            return None
        return aes_key_unwrap_with_padding(self.master, row.segredo).decode()

    def registered(self, tenant_id: UUID) -> list[Tool]:
        """The tools of the tenant's active servers."""
        with self.database.unit_of_work(tenant_id) as uow:
            rows = uow.connection.execute(
                select(SERVIDORES).where(
                    SERVIDORES.c.tenant_id == uow.tenant_id, SERVIDORES.c.ativo
                )
            ).all()
        return [
            self._tool(row, tool)
            for row in rows
            for tool in row.ferramentas
            if callable_now(tool, row.permitidas)
        ]

    def _tool(self, row: Row[Any], tool: Mapping[str, Any]) -> Tool:
        def call(payload: dict[str, Any]) -> dict[str, Any]:
            server = self.connect(row.url, self.token_of(row), self.policy)
            try:
                return dict(server.call(tool["nome"], payload, tool["entrada"]))
            except TransientError as error:
                if tool["repetivel"]:
                    raise
                # Nobody knows whether it was done, and once more might be once too many.
                raise PermanentError(f"{name}: sem resposta, e não pode ser repetida") from error

        name = tool_name(row.nome, tool["nome"])
        contract = ToolContract(
            name,
            Draft202012Validator(tool["entrada"]),
            Draft202012Validator(tool["saida"]),
            _not_called,
            tool["titulo"],
            tool["descricao"],
        )
        return Tool(contract, call)

    def _wrapped(self, token: str | None) -> bytes | None:
        return None if token is None else aes_key_wrap_with_padding(self.master, token.encode())


def find(uow: UnitOfWork, servidor_id: UUID, *, lock: bool = False) -> Row[Any]:
    """One server of the tenant. Raises ``NotFound``."""
    query = select(SERVIDORES).where(*_one(uow, servidor_id))
    row = uow.connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound("Servidor não encontrado.")
    return row


def _not_called(payload: dict[str, Any]) -> dict[str, Any]:
    """Whether a stranger's tool only reads is the stranger's word: a replay calls none."""
    return {"sem_efeitos": True}


def _plain(tool: OfferedTool) -> dict[str, Any]:
    return {
        "nome": tool.name,
        "titulo": tool.titulo,
        "descricao": tool.descricao,
        "entrada": tool.entrada,
        "saida": tool.saida,
        "repetivel": tool.repeatable,
    }


def _one(uow: UnitOfWork, servidor_id: UUID) -> tuple[Any, ...]:
    return (SERVIDORES.c.tenant_id == uow.tenant_id, SERVIDORES.c.id == servidor_id)


def _note(uow: UnitOfWork, ator: Ator, action: str, servidor_id: UUID, **values: Any) -> None:
    record(uow, ator, action, alvo_tipo="servidor_mcp", alvo_id=servidor_id, **values)
