"""Limits of an upload, and the errors that refuse one before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from alquimista_sdk.errors import PermanentError

MEBI = 1024 * 1024


class ArquivoInvalido(PermanentError):
    """The file cannot be imported; ``code`` is stable, the message tells a person what to do."""

    http_status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, code: str, message: str, status: HTTPStatus | None = None) -> None:
        super().__init__(message, code=code)
        if status is not None:
            self.http_status = status


@dataclass(frozen=True, slots=True)
class Limites:
    """What one upload may be.

    ``celulas`` and ``bytes_abertos`` bound the memory of who reads it: a dense grid, and what is
    opened beside the sheets (texts, styles). ``bytes_guardados`` bounds that of the preview: the
    first rows of all sheets (``bytes_cabeca`` of each) and what they need.
    """

    bytes_arquivo: int = 25 * MEBI
    linhas: int = 200_000
    colunas: int = 200
    celulas: int = 5_000_000
    entradas_zip: int = 2_000
    bytes_descompactados: int = 512 * MEBI
    bytes_abertos: int = 192 * MEBI
    bytes_guardados: int = 64 * MEBI
    razao_compressao: int = 200
    bytes_cabeca: int = 4 * MEBI


PADRAO = Limites()


def exigir_tamanho(tamanho: int, limites: Limites = PADRAO) -> None:
    """Refuse an empty file and one above the limit. ``tamanho`` is in bytes.

    Raises:
        ArquivoInvalido: ``arquivo_vazio`` or ``arquivo_grande``.
    """
    if tamanho == 0:
        raise ArquivoInvalido("arquivo_vazio", "O arquivo está vazio.")
    if tamanho > limites.bytes_arquivo:
        raise ArquivoInvalido(
            "arquivo_grande",
            f"O arquivo passa de {limites.bytes_arquivo // MEBI} MB. Divida-o em partes menores.",
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        )


def exigir_linhas(linhas: int, limites: Limites = PADRAO) -> None:
    """Refuse a sheet with too many rows.

    Raises:
        ArquivoInvalido: ``linhas_demais``.
    """
    if linhas > limites.linhas:
        maximo = f"{limites.linhas:,}".replace(",", ".")
        raise ArquivoInvalido(
            "linhas_demais",
            f"A planilha passa de {maximo} linhas. Divida-a em arquivos menores.",
        )


def exigir_colunas(colunas: int, limites: Limites = PADRAO) -> None:
    """Refuse a sheet with too many columns.

    Raises:
        ArquivoInvalido: ``colunas_demais``.
    """
    if colunas > limites.colunas:
        raise ArquivoInvalido(
            "colunas_demais",
            f"A planilha tem mais de {limites.colunas} colunas. "
            "Deixe apenas as colunas dos leads e envie de novo.",
        )


def exigir_celulas(linhas: int, colunas: int, limites: Limites = PADRAO) -> None:
    """Refuse a sheet whose used area is too large, even where it is mostly empty.

    Raises:
        ArquivoInvalido: ``celulas_demais``.
    """
    if linhas * colunas > limites.celulas:
        maximo = f"{limites.celulas:,}".replace(",", ".")
        raise ArquivoInvalido(
            "celulas_demais",
            f"A área usada da planilha ({linhas} linhas por {colunas} colunas) passa de {maximo} "
            "células. Apague linhas e colunas que não são de leads.",
        )
