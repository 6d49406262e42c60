"""What kind of file an upload is, by its first bytes."""

from __future__ import annotations

from http import HTTPStatus

from alquimista.prospeccao.importacoes.limites import ArquivoInvalido

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def e_zip(conteudo: bytes) -> bool:
    """Whether the bytes begin as a zip does."""
    return conteudo.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def recusar_outros_tipos(conteudo: bytes) -> None:
    """Refuse what is neither a zip nor text, by its first bytes.

    Raises:
        ArquivoInvalido: ``arquivo_protegido`` (OLE: encrypted .xlsx, or the old .xls) or
            ``tipo_invalido``.
    """
    if conteudo.startswith(_OLE):
        encrypted = "EncryptedPackage".encode("utf-16-le") in conteudo
        if encrypted:
            raise ArquivoInvalido(
                "arquivo_protegido",
                "A planilha está protegida por senha. Remova a senha e envie de novo.",
            )
        raise tipo_invalido(
            "Este é um arquivo do Excel antigo (.xls). Salve como .xlsx e envie de novo."
        )
    signatures = (
        b"%PDF",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"\x1f\x8b",
        b"Rar!",
        b"7z\xbc\xaf",
    )
    head = conteudo[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if conteudo.startswith(signatures) or head.startswith((b"<", b"{\\rtf")):
        raise tipo_invalido(
            "Tipo de arquivo não aceito. Envie uma planilha .xlsx ou um arquivo .csv."
        )


def tipo_invalido(message: str) -> ArquivoInvalido:
    """The refusal of a file that is neither .xlsx nor .csv."""
    return ArquivoInvalido("tipo_invalido", message, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
