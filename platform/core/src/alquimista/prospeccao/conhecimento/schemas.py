"""Bodies of the endpoints of the knowledge base."""

from __future__ import annotations

import marshmallow as ma
from flask_smorest.fields import Upload
from marshmallow import validate

from alquimista.http.cursor import PaginaSchema
from alquimista.http.listing import pagina
from alquimista.prospeccao.conhecimento.leitura import (
    ENTRADAS_POR_ARQUIVO,
    ETIQUETA_MAXIMO,
    ETIQUETAS_MAXIMO,
    PALAVRAS_MAXIMO,
    TEXTO_MAXIMO,
    TITULO_MAXIMO,
)

_TITULO = validate.Length(min=1, max=TITULO_MAXIMO)
_TEXTO = validate.Length(min=1, max=TEXTO_MAXIMO)
_PALAVRAS = validate.Length(max=PALAVRAS_MAXIMO)
_PALAVRAS_DOC = {
    "description": "Palavras com que as pessoas perguntam por isto",
    "example": "preço valor quanto custa mensalidade",
}
_ETIQUETA = ma.fields.String(validate=validate.Length(min=1, max=ETIQUETA_MAXIMO))
_ETIQUETAS = validate.Length(max=ETIQUETAS_MAXIMO)


class ConhecimentoSchema(ma.Schema):
    """An entry of the knowledge base; agents read it where it is ``ativo``."""

    id = ma.fields.UUID()
    titulo = ma.fields.String()
    texto = ma.fields.String()
    palavras = ma.fields.String()
    etiquetas = ma.fields.List(ma.fields.String())
    ativo = ma.fields.Boolean()
    created_at = ma.fields.AwareDateTime()
    updated_at = ma.fields.AwareDateTime(allow_none=True)
    versao = ma.fields.Integer()


class ConhecimentoPaginaSchema(PaginaSchema):
    """A page of entries."""

    itens = ma.fields.List(ma.fields.Nested(ConhecimentoSchema))


CONHECIMENTO_ORDENS = ("titulo", "created_at")
ConhecimentoFiltroSchema = pagina(
    CONHECIMENTO_ORDENS,
    "titulo",
    ativo=ma.fields.Boolean(metadata={"description": "Só publicadas, ou só recolhidas"}),
    etiqueta=ma.fields.String(validate=validate.Length(min=1, max=ETIQUETA_MAXIMO)),
)
"""Filters and order of the list."""


class NovoConhecimentoSchema(ma.Schema):
    """An entry to add."""

    titulo = ma.fields.String(required=True, validate=_TITULO, metadata={"example": "Preços"})
    texto = ma.fields.String(
        required=True,
        validate=_TEXTO,
        metadata={
            "description": "O que pode ser dito; preços e promessas só saem daqui",
            "example": "O plano Essencial custa R$ 490 por mês.",
        },
    )
    palavras = ma.fields.String(load_default="", validate=_PALAVRAS, metadata=_PALAVRAS_DOC)
    etiquetas = ma.fields.List(_ETIQUETA, load_default=list, validate=_ETIQUETAS)
    ativo = ma.fields.Boolean(
        load_default=True, metadata={"description": "Se os agentes já podem usá-la"}
    )


class ConhecimentoEdicaoSchema(ma.Schema):
    """What may be changed of an entry."""

    titulo = ma.fields.String(validate=_TITULO)
    texto = ma.fields.String(validate=_TEXTO)
    palavras = ma.fields.String(validate=_PALAVRAS, metadata=_PALAVRAS_DOC)
    etiquetas = ma.fields.List(_ETIQUETA, validate=_ETIQUETAS)
    ativo = ma.fields.Boolean()


class VersaoDeConhecimentoSchema(ma.Schema):
    """What an entry was before a change."""

    numero = ma.fields.Integer()
    titulo = ma.fields.String()
    texto = ma.fields.String()
    palavras = ma.fields.String()
    etiquetas = ma.fields.List(ma.fields.String())
    ativo = ma.fields.Boolean()
    removido = ma.fields.Boolean(metadata={"description": "A mudança que veio foi a remoção"})
    mudado_por = ma.fields.String()
    created_at = ma.fields.AwareDateTime(metadata={"description": "Quando deixou de valer"})


class VersoesSchema(PaginaSchema):
    """A page of an entry's versions."""

    itens = ma.fields.List(ma.fields.Nested(VersaoDeConhecimentoSchema))


VersaoFiltroSchema = pagina(
    ("numero", "created_at"),
    "-numero",
    removido=ma.fields.Boolean(metadata={"description": "Só as que uma remoção deixou, ou não"}),
)


class RestauracaoSchema(ma.Schema):
    """Which version to restore; the one before the last change if none is named."""

    versao = ma.fields.Integer(strict=True, validate=validate.Range(min=1, max=2_147_483_647))


class PerguntaSchema(ma.Schema):
    """A question as a lead would ask it."""

    pergunta = ma.fields.String(
        required=True,
        validate=validate.Length(min=1, max=1_000),
        metadata={"example": "Quanto custa o plano?"},
    )
    limite = ma.fields.Integer(
        load_default=3,
        strict=True,
        validate=validate.Range(min=1, max=8),
        metadata={"description": "Quantas entradas o agente leria"},
    )


class MotivoSchema(ma.Schema):
    """A word of the question that counted, and where it was found."""

    palavra = ma.fields.String()
    onde = ma.fields.String(validate=validate.OneOf(("palavras", "titulo", "texto")))
    pontos = ma.fields.Float()


class AchadoSchema(ma.Schema):
    """An entry that the agent would read, and why."""

    id = ma.fields.UUID()
    titulo = ma.fields.String()
    texto = ma.fields.String()
    relevancia = ma.fields.Float(metadata={"description": "De 0 a 1, sendo 1 a melhor"})
    motivos = ma.fields.List(ma.fields.Nested(MotivoSchema))


class BuscaSchema(ma.Schema):
    """What the agent would answer a question from; without entries it calls a person."""

    responderia = ma.fields.Boolean()
    explicacao = ma.fields.String()
    achados = ma.fields.List(ma.fields.Nested(AchadoSchema))
    palavras_sem_resposta = ma.fields.List(
        ma.fields.String(), metadata={"description": "Palavras que nenhuma entrada publicada tem"}
    )


class ArquivoDeConhecimentoSchema(ma.Schema):
    """The uploaded file."""

    arquivo = Upload(
        required=True,
        metadata={
            "description": "Um .md (cada título é uma entrada), um .txt (blocos separados por "
            "linha vazia; a primeira linha é o título) ou um .csv (colunas titulo e texto), com "
            f"até {ENTRADAS_POR_ARQUIVO} entradas e 1 MB"
        },
    )


class ImportacaoDeConhecimentoSchema(ma.Schema):
    """How to import. Other form fields are ignored."""

    class Meta:
        """The form also carries the file's own fields."""

        unknown = ma.EXCLUDE

    ativo = ma.fields.Boolean(
        load_default=False,
        metadata={"description": "Publica o que for importado; se não, espera uma pessoa ler"},
    )
    substituir = ma.fields.Boolean(
        load_default=False,
        metadata={"description": "Troca as entradas que têm o mesmo título, em vez de rejeitar"},
    )


class EnvioDeConhecimentoSchema(ArquivoDeConhecimentoSchema, ImportacaoDeConhecimentoSchema):
    """The whole form, as the manual shows it."""


class RejeitadaSchema(ma.Schema):
    """An entry of the file that was not taken."""

    linha = ma.fields.Integer()
    titulo = ma.fields.String()
    motivo = ma.fields.String()


class ImportadasSchema(ma.Schema):
    """What the import did."""

    criadas = ma.fields.List(ma.fields.UUID())
    substituidas = ma.fields.List(ma.fields.UUID())
    rejeitadas = ma.fields.List(ma.fields.Nested(RejeitadaSchema))
