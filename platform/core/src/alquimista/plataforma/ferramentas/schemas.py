"""Shapes of the endpoints of outside MCP servers."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista.plataforma.ferramentas.domain import NOME, POR_SERVIDOR

TOKEN = r"^[\x21-\x7e]+$"


class FerramentaMcpSchema(ma.Schema):
    """A tool that the server listed."""

    nome = ma.fields.String()
    titulo = ma.fields.String()
    descricao = ma.fields.String()
    escopo = ma.fields.String(
        allow_none=True,
        metadata={
            "description": "O escopo que um agente pede para chamá-la; nulo: não pode ser chamada",
            "example": "tools:mcp:crm.buscar",
        },
    )
    erro = ma.fields.String(
        allow_none=True, metadata={"description": "Por que não pode ser chamada"}
    )


class ServidorMcpSchema(ma.Schema):
    """An outside server; its token is never shown."""

    id = ma.fields.UUID()
    nome = ma.fields.String()
    url = ma.fields.String()
    com_token = ma.fields.Boolean()
    ativo = ma.fields.Boolean()
    permitidas = ma.fields.List(
        ma.fields.String(),
        allow_none=True,
        metadata={"description": "As únicas que podem ser chamadas; nulo: todas as listadas"},
    )
    ferramentas = ma.fields.List(ma.fields.Nested(FerramentaMcpSchema))
    created_at = ma.fields.AwareDateTime()
    updated_at = ma.fields.AwareDateTime()
    versao = ma.fields.Integer()


class NovoServidorMcpSchema(ma.Schema):
    """A server to register."""

    nome = ma.fields.String(
        required=True,
        validate=validate.Regexp(NOME),
        metadata={"description": "Entra no nome das ferramentas", "example": "crm"},
    )
    url = ma.fields.String(
        required=True,
        validate=validate.Length(min=1, max=2000),
        metadata={
            "description": "Endereço https público do servidor (streamable HTTP)",
            "example": "https://crm.example.com/mcp",
        },
    )
    token = ma.fields.String(
        validate=[validate.Length(min=1, max=2000), validate.Regexp(TOKEN)],
        metadata={"description": "Vai em Authorization: Bearer; não é mostrado de novo"},
    )


class ServidorMcpEdicaoSchema(ma.Schema):
    """What changes; what is not named stays. A null token is taken away."""

    nome = ma.fields.String(
        validate=validate.Regexp(NOME),
        metadata={
            "description": "Muda o nome das ferramentas, e com ele os escopos que as abrem",
            "example": "crm",
        },
    )
    url = ma.fields.String(
        validate=validate.Length(min=1, max=2000),
        metadata={
            "description": "O servidor novo é perguntado antes; noutro host, envie também o token",
            "example": "https://crm.example.com/mcp",
        },
    )
    token = ma.fields.String(
        allow_none=True,
        validate=[validate.Length(min=1, max=2000), validate.Regexp(TOKEN)],
        metadata={"description": "Vai em Authorization: Bearer; nulo o retira"},
    )
    permitidas = ma.fields.List(
        ma.fields.String(validate=validate.Length(min=1, max=64)),
        allow_none=True,
        validate=validate.Length(max=POR_SERVIDOR),
        metadata={
            "description": "As únicas ferramentas que existem sob escopos; nulo: todas as listadas",
            "example": ["buscar"],
        },
    )
    ativo = ma.fields.Boolean(
        metadata={"description": "Desligado, nenhuma ferramenta dele pode ser chamada"}
    )


class TesteMcpSchema(ma.Schema):
    """What a server answered now."""

    ok = ma.fields.Boolean()
    mensagem = ma.fields.String(metadata={"description": "O que dizer a uma pessoa"})
    milissegundos = ma.fields.Integer(metadata={"description": "Quanto a resposta demorou"})
    ferramentas = ma.fields.List(ma.fields.Nested(FerramentaMcpSchema))


class ServidorMcpPaginaSchema(PaginaSchema):
    """A page of servers."""

    itens = ma.fields.List(ma.fields.Nested(ServidorMcpSchema))


SERVIDOR_ORDENS = ("nome",)
ServidorMcpFiltroSchema = pagina(SERVIDOR_ORDENS, "nome")
