"""Bodies of the import endpoints."""

from __future__ import annotations

import marshmallow as ma
from flask_smorest.fields import Upload
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista_sdk.models import REJEITO_CLASSES


class ArquivoSchema(ma.Schema):
    """The uploaded file."""

    arquivo = Upload(required=True, metadata={"description": "Planilha .xlsx ou arquivo .csv"})


class OpcoesSchema(ma.Schema):
    """What the caller corrects. Other form fields are ignored."""

    class Meta:
        """The form also carries the file's own fields."""

        unknown = ma.EXCLUDE

    planilha = ma.fields.String(metadata={"description": "Nome da planilha que tem os leads"})
    linha_cabecalho = ma.fields.Integer(
        validate=validate.Range(min=0),
        metadata={"description": "Linha do cabeçalho, a partir de 1; 0 se não houver"},
    )
    mapeamento = ma.fields.String(
        metadata={"description": 'JSON com campo por coluna, como {"B": "telefone", "C": null}'}
    )


class EnvioSchema(ArquivoSchema, OpcoesSchema):
    """The whole form, as the manual shows it."""


class RecebidaSchema(ma.Schema):
    """An import that was taken; it is read in the background."""

    id = ma.fields.UUID()
    importacao_id = ma.fields.UUID()
    status = ma.fields.String()
    total_linhas = ma.fields.Integer()
    planilha = ma.fields.String(allow_none=True)
    linha_cabecalho = ma.fields.Integer(allow_none=True)
    mapeamento = ma.fields.Dict(allow_none=True)
    avisos = ma.fields.List(ma.fields.String())
    trace_id = ma.fields.UUID()


class ColunaSchema(ma.Schema):
    """One column of the chosen sheet and the field that it was taken for."""

    coluna = ma.fields.String()
    nome = ma.fields.String()
    campo = ma.fields.String(allow_none=True)


class FolhaSchema(ma.Schema):
    """A sheet of the file."""

    nome = ma.fields.String()
    visivel = ma.fields.Boolean()
    linhas = ma.fields.Integer()


class PreviaSchema(ma.Schema):
    """What an upload would import. Nothing was stored."""

    planilhas = ma.fields.List(ma.fields.Nested(FolhaSchema))
    planilha = ma.fields.String()
    linha_cabecalho = ma.fields.Integer()
    total_linhas = ma.fields.Integer()
    colunas = ma.fields.List(ma.fields.Nested(ColunaSchema))
    faltantes = ma.fields.List(ma.fields.String())
    primeiras_linhas = ma.fields.List(ma.fields.Dict())
    avisos = ma.fields.List(ma.fields.String())


class ImportacaoSchema(ma.Schema):
    """An import and how far it is."""

    id = ma.fields.UUID()
    origem = ma.fields.String(validate=validate.OneOf(("planilha", "api")))
    status = ma.fields.String(
        validate=validate.OneOf(("recebida", "processando", "concluida", "falhou", "desfeita"))
    )
    nome_arquivo = ma.fields.String(allow_none=True)
    planilha = ma.fields.String(allow_none=True)
    linha_cabecalho = ma.fields.Integer(allow_none=True)
    mapeamento = ma.fields.Dict(allow_none=True)
    avisos = ma.fields.List(ma.fields.String())
    total_linhas = ma.fields.Integer()
    lidas = ma.fields.Integer()
    aceitos = ma.fields.Integer()
    rejeitados = ma.fields.Integer()
    erro = ma.fields.String(allow_none=True)
    created_at = ma.fields.AwareDateTime()
    concluida_em = ma.fields.AwareDateTime(allow_none=True)


class RejeitoSchema(ma.Schema):
    """A row that was not taken."""

    planilha = ma.fields.String()
    linha = ma.fields.Integer()
    coluna = ma.fields.String(allow_none=True)
    classe = ma.fields.String(validate=validate.OneOf(REJEITO_CLASSES))
    mensagem = ma.fields.String()


class RejeitosSchema(PaginaSchema):
    """A page of rejects."""

    itens = ma.fields.List(ma.fields.Nested(RejeitoSchema))


class ImportacaoComRejeitosSchema(ImportacaoSchema):
    """An import with its rejects: counted by class, and a page of them."""

    rejeitados_por_classe = ma.fields.Dict(keys=ma.fields.String(), values=ma.fields.Integer())
    rejeitos = ma.fields.Nested(RejeitosSchema)


class ImportacaoPaginaSchema(PaginaSchema):
    """A page of imports."""

    itens = ma.fields.List(ma.fields.Nested(ImportacaoSchema))


ImportacaoFiltroSchema = pagina(
    ("created_at", "status"),
    "-created_at",
    status=ma.fields.String(validate=validate.Length(min=1, max=20)),
)
"""Filters and order of the list."""


RejeitosFiltroSchema = pagina(
    ("linha", "classe"),
    "linha",
    classe=ma.fields.String(validate=validate.OneOf(REJEITO_CLASSES)),
)
"""Which page of rejects, of one class or of all."""


class DesfeitaSchema(ma.Schema):
    """An import that was undone."""

    id = ma.fields.UUID()
    status = ma.fields.String()
    leads_apagados = ma.fields.Integer()
