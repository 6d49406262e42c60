"""Shapes of the endpoints of outside MCP servers."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import validate

from alquimista.http.listing import pagina
from alquimista.plataforma.ferramentas.domain import NOME


class FerramentaMcpSchema(ma.Schema):
    """A tool that the server listed."""

    nome = ma.fields.String()
    titulo = ma.fields.String()
    descricao = ma.fields.String()
    escopo = ma.fields.String(
        allow_none=True,
        metadata={
            "description": "O escopo que um agente pede para chamá-la",
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
        validate=[validate.Length(min=1, max=2000), validate.Regexp(r"^[\x21-\x7e]+$")],
        metadata={"description": "Vai em Authorization: Bearer; não é mostrado de novo"},
    )


class ServidorMcpPaginaSchema(ma.Schema):
    """A page of servers."""

    itens = ma.fields.List(ma.fields.Nested(ServidorMcpSchema))
    proximo = ma.fields.String(allow_none=True)


SERVIDOR_ORDENS = ("nome",)
ServidorMcpFiltroSchema = pagina(SERVIDOR_ORDENS, "nome")
