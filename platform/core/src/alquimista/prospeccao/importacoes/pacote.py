"""The .xlsx package, inspected before any reader opens it.

An .xlsx is a zip of XML. Sizes in a zip's directory can lie, and a single cell far away makes a
reader allocate the whole grid: so every entry is inflated here in pieces, counted, and thrown
away, but for what the preview is made from: the first rows of each sheet and their texts.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from xml.etree import ElementTree

from alquimista.prospeccao.importacoes import amostra
from alquimista.prospeccao.importacoes.assinaturas import tipo_invalido
from alquimista.prospeccao.importacoes.colunas import letras_da_coluna, numero_da_coluna
from alquimista.prospeccao.importacoes.limites import (
    MEBI,
    PADRAO,
    ArquivoInvalido,
    Limites,
    exigir_celulas,
    exigir_colunas,
    exigir_linhas,
)

LINHAS_DA_CABECA = 80
_PEDACO = MEBI
_FATIA = 64 * 1024
_ACHADOS_POR_JANELA = 64
_RAZAO_A_PARTIR_DE = 4 * MEBI
_FOLHA = re.compile(r"^xl/worksheets/[^/]+\.xml$", re.IGNORECASE)
_CELULAS = re.compile(rb"\sr\s*=\s*[\"']([A-Za-z]{1,4})([0-9]+)")
_CELULA_DO_EXCEL = re.compile(rb'<c r="([A-Z]{1,4})([1-9][0-9]*)"')
_CELULA_ABRE = re.compile(rb"<(?:\w+:)?c[\s/>]")
_LINHA_QUALQUER = re.compile(rb"<(?:\w+:)?row\b")
_LINHA_ABRE = re.compile(rb"<\w+:row\b")
_LINHAS_SIMPLES = re.compile(rb'<row(?: r="([0-9]+)")?')
_LINHAS = re.compile(rb"<(?:\w+:)?row\b[^>]*?\sr\s*=\s*[\"']([0-9]+)")
_SEM_VALOR = re.compile(rb"</(?:\w+:)?f>(?:<(?:\w+:)?v/>|<(?:\w+:)?v></(?:\w+:)?v>)?</(?:\w+:)?c>")
_MESCLADAS = re.compile(rb"mergeCell\s+ref=[\"'][A-Za-z]+([0-9]+):[A-Za-z]+([0-9]+)")
_RAIZ = re.compile(rb"<(\w+:)?worksheet[\s>]")
_FIM_DE_LINHA = re.compile(rb"</(?:\w+:)?row>|<(?:\w+:)?row\b[^>]*/>")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ILEGIVEL = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
    ElementTree.ParseError,
)
"""What the standard library raises on bytes that are no sound zip or XML."""
_MAIOR_DECLARACAO = len(b"<!DOCTYPE")


@dataclass(slots=True)
class Folha:
    """What was counted in one sheet. ``cabeca`` is its XML up to the first rows, or all of it."""

    linhas: int = 0
    colunas: int = 0
    marcas: int = 0
    formulas_sem_valor: bool = False
    mescladas: bool = False
    raiz: bool = False
    cabeca: bytes = b""
    completa: bool = True


@dataclass(slots=True)
class Pacote:
    """An inspected .xlsx: its sheets by name, and a small workbook with the first rows of each."""

    folhas: dict[str, Folha] = field(default_factory=dict)
    amostra: bytes = b""


@dataclass(slots=True)
class _Espaco:
    """Bytes that a package may still take: inflated, opened beside the sheets, and kept here."""

    inflados: int
    abertos: int
    guardados: int

    def exigir(self, quantos: int) -> None:
        """Refuse to keep so many more."""
        if quantos > self.guardados:
            raise _bomba()


def inspecionar(conteudo: bytes, limites: Limites = PADRAO) -> Pacote:
    """Inflate and count every entry of an .xlsx within the limits.

    Raises:
        ArquivoInvalido: it is no .xlsx, is corrupt, encrypted or a bomb, or passes a limit.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(conteudo)) as archive:
            return _inspecionar(archive, conteudo, limites)
    except _ILEGIVEL as error:
        raise _corrompido() from error


def _inspecionar(archive: zipfile.ZipFile, conteudo: bytes, limites: Limites) -> Pacote:
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names) or len(entries) > limites.entradas_zip:
        raise _bomba()
    if "xl/workbook.xml" not in names:
        raise tipo_invalido(
            "O arquivo não é uma planilha .xlsx. No programa em que foi criado, "
            "salve como .xlsx ou .csv."
        )
    if any(entry.flag_bits & 0x1 for entry in entries):
        raise ArquivoInvalido(
            "arquivo_protegido",
            "A planilha está protegida por senha. Remova a senha e envie de novo.",
        )
    if sum(entry.file_size for entry in entries) > limites.bytes_descompactados:
        raise _bomba()
    room = _Espaco(limites.bytes_descompactados, limites.bytes_abertos, limites.bytes_guardados)
    sheets = {
        entry.filename: _contar(conteudo, entry, room, limites)
        for entry in entries
        if _FOLHA.match(entry.filename)
    }
    asked = amostra.textos_pedidos(sheet.cabeca for sheet in sheets.values())
    others = {
        entry.filename: _guardar(conteudo, entry, asked, room, limites)
        for entry in entries
        if entry.filename not in sheets
    }
    heads = {
        name: sheet.cabeca
        if sheet.completa
        else amostra.fechada(sheet.cabeca, b"sheetData", b"worksheet")
        for name, sheet in sheets.items()
    }
    opened = {name: kept for name, kept in others.items() if amostra.aberta(name)}
    return Pacote(_por_nome(opened, sheets), amostra.montar(opened, heads))


def _guardar(
    conteudo: bytes, entry: zipfile.ZipInfo, textos: int | None, room: _Espaco, limites: Limites
) -> bytes:
    """What the preview needs of an entry that is no sheet; the rest is counted and thrown away."""
    name = entry.filename.lower()
    kept = amostra.Parte(textos if name == amostra.TEXTOS else None)
    opened = amostra.aberta(name)
    used, tail = 0, b""
    for piece in _inflar(
        conteudo, entry, min(room.inflados, room.abertos) if opened else room.inflados, limites
    ):
        used += len(piece)
        if name.endswith((".xml", ".rels")):
            _recusar_entidades(tail + piece)
            tail = piece[-_MAIOR_DECLARACAO:]
        if opened:
            kept.tomar(piece)
            room.exigir(len(kept))
    room.inflados -= used
    room.abertos -= used if opened else 0
    room.guardados -= len(kept)
    return kept.xml()


def _inflar(
    conteudo: bytes, entry: zipfile.ZipInfo, left: int, limites: Limites
) -> Iterator[bytes]:
    """The entry's bytes as the compressed stream really holds them, in pieces, within limits."""
    header = conteudo[entry.header_offset : entry.header_offset + 30]
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    start = entry.header_offset + 30 + name_length + extra_length
    raw = memoryview(conteudo)[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield bytes(raw)
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise _corrompido()
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    total, most = 0, max(_RAZAO_A_PARTIR_DE, len(raw) * limites.razao_compressao)
    for offset in range(0, len(raw), _FATIA):
        pending = bytes(raw[offset : offset + _FATIA])
        while pending and not inflater.eof:
            piece = inflater.decompress(pending, _PEDACO)
            pending = inflater.unconsumed_tail
            total += len(piece)
            if total > min(left, most):
                raise _bomba()
            if piece:
                yield piece
    rest = inflater.flush()
    if not inflater.eof:
        raise _corrompido()
    if rest:
        yield rest


def _contar(conteudo: bytes, entry: zipfile.ZipInfo, room: _Espaco, limites: Limites) -> Folha:
    sheet, total, tail = Folha(), 0, b""
    for piece in _inflar(conteudo, entry, room.inflados, limites):
        if not total:
            _recusar_utf16(piece)
        total += len(piece)
        if sheet.completa:
            _guardar_cabeca(sheet, piece, limites)
        window = tail + piece
        cut = window.rfind(b">") + 1
        tail = window[cut:]
        if len(tail) > limites.bytes_cabeca:
            raise _bomba()
        _medir(sheet, window[:cut], limites)
    exigir_celulas(sheet.linhas, sheet.colunas, limites)
    room.exigir(len(sheet.cabeca))
    room.inflados -= total
    room.guardados -= len(sheet.cabeca)
    return sheet


def _medir(sheet: Folha, window: bytes, limites: Limites) -> None:
    """Largest row and column so far; the window holds whole tags only."""
    if not sheet.raiz:
        # A document type stands before the root, and entities are declared in it.
        _recusar_entidades(window)
        sheet.raiz = _RAIZ.search(window) is not None
    colons = _com_prefixos(window)
    prefixed = colons and (b":row" in window or b":c" in window)
    rows = _LINHAS_SIMPLES.findall(window)
    tags = len(rows) + (len(_LINHA_ABRE.findall(window)) if prefixed else 0)
    if tags != len(rows) or b"" in rows:
        rows = _LINHAS.findall(window)
    sheet.marcas += tags
    sheet.linhas = max(sheet.linhas, *map(int, rows), 0 if len(rows) >= tags else sheet.marcas)
    if prefixed or not _medir_depressa(sheet, window):
        _medir_devagar(sheet, window)
    exigir_colunas(sheet.colunas, limites)
    exigir_linhas(sheet.linhas, limites)
    if b"</f>" in window or (colons and b":f>" in window):
        sheet.formulas_sem_valor |= _SEM_VALOR.search(window) is not None
    # Merged cells stand behind the rows (ECMA-376, CT_Worksheet is a sequence).
    behind = window[max(window.rfind(b"</row>"), 0) :]
    if b"mergeCell " in behind:
        # Only cells merged downwards matter: a title across columns covers no row of leads.
        sheet.mescladas |= any(top != bottom for top, bottom in _MESCLADAS.findall(behind))


def _com_prefixos(window: bytes) -> bool:
    """Whether names may have a namespace's prefix, as in ``<x:c``.

    ``xml:space`` stands in many cells and is the only colon of most sheets: where it accounts for
    all of them, there is no prefix to look for.
    """
    return b":" in window and window.count(b":") != window.count(b"xml:space")


def _medir_depressa(sheet: Folha, window: bytes) -> bool:
    """Look only for cells that are not within those seen; whether they are written as Excel does.

    Each one found makes a new pattern, so a window with many, as no program writes, is left to the
    slow way: its time does not grow with what it finds.
    """
    position = 0
    for _ in range(_ACHADOS_POR_JANELA):
        beyond = _fora(sheet.colunas, sheet.linhas).search(window, position)
        if beyond is None:
            return True
        cell = _CELULA_DO_EXCEL.match(window, beyond.start())
        if cell is None:
            return False
        sheet.colunas = max(sheet.colunas, numero_da_coluna(cell.group(1).decode()))
        sheet.linhas = max(sheet.linhas, int(cell.group(2)))
        position = cell.end()
    return False


def _medir_devagar(sheet: Folha, window: bytes) -> None:
    """Any other way to write them; without a reference a cell stands right of the one before."""
    found = _CELULAS.findall(window)
    widths = [numero_da_coluna(letters.decode()) for letters in {item[0] for item in found}]
    widths += [len(_CELULA_ABRE.findall(part)) for part in _LINHA_QUALQUER.split(window)]
    sheet.colunas = max(sheet.colunas, *widths, 0)
    sheet.linhas = max(sheet.linhas, *(int(item[1]) for item in found), 0)


@lru_cache(maxsize=64)
def _fora(colunas: int, linhas: int) -> re.Pattern[bytes]:
    """A cell that is not as Excel writes it within so many columns and rows.

    ``<cols>`` is such a thing too.
    """
    columns = _ate(letras_da_coluna(max(colunas, 1)), "A", "A", "Z")
    rows = _ate(str(max(linhas, 1)), "1", "0", "9")
    return re.compile(f'<c(?! r="(?:{columns})(?:{rows})")'.encode())


def _ate(maior: str, primeiro: str, menor: str, ultimo: str) -> str:
    """A pattern of what is counted up to ``maior``, in digits or letters.

    ``primeiro`` is the lowest sign that a number begins with, ``menor`` and ``ultimo`` the lowest
    and highest of the others.
    """
    last = len(maior) - 1
    options = []
    for index, sign in enumerate(maior):
        lowest = menor if index else primeiro
        highest = sign if index == last else chr(ord(sign) - 1)
        if lowest <= highest:
            rest = f"[{menor}-{ultimo}]{{{last - index}}}" if index < last else ""
            options.append(f"{maior[:index]}[{lowest}-{highest}]{rest}")
    if last:
        options.append(f"[{primeiro}-{ultimo}][{menor}-{ultimo}]{{0,{last - 1}}}")
    return "|".join(options)


def _guardar_cabeca(sheet: Folha, piece: bytes, limites: Limites) -> None:
    """Keep the sheet's XML until enough rows are there."""
    sheet.cabeca += piece
    ends = [match.end() for match in _FIM_DE_LINHA.finditer(sheet.cabeca)]
    if len(ends) > LINHAS_DA_CABECA:
        sheet.cabeca = sheet.cabeca[: ends[LINHAS_DA_CABECA - 1]]
        sheet.completa = False
    elif len(sheet.cabeca) > limites.bytes_cabeca:
        if not ends:
            raise _bomba()
        sheet.cabeca = sheet.cabeca[: ends[-1]]
        sheet.completa = False


def _por_nome(others: dict[str, bytes], sheets: dict[str, Folha]) -> dict[str, Folha]:
    """Sheets by the name that people see, through the workbook's relationships."""
    relations = others.get("xl/_rels/workbook.xml.rels", b"<r/>")
    targets = {
        str(node.get("Id")): str(node.get("Target")).lstrip("/")
        for node in ElementTree.fromstring(relations)
    }
    named: dict[str, Folha] = {}
    for node in ElementTree.fromstring(others["xl/workbook.xml"]).iter(f"{_MAIN}sheet"):
        target = targets.get(str(node.get(_REL)), "")
        path = target if target.startswith("xl/") else f"xl/{target}"
        if path in sheets:
            named[str(node.get("name"))] = sheets[path]
    return named


def _recusar_entidades(content: bytes) -> None:
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _bomba()


def _recusar_utf16(piece: bytes) -> None:
    # The counts look for ASCII; a sheet in UTF-16 would pass them unseen. Excel writes UTF-8.
    if b"\x00" in piece[:256] or piece.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _corrompido()


def _corrompido() -> ArquivoInvalido:
    return ArquivoInvalido(
        "arquivo_corrompido",
        "O arquivo está corrompido ou incompleto. Abra-o no Excel, salve de novo e reenvie.",
    )


def _bomba() -> ArquivoInvalido:
    return ArquivoInvalido(
        "arquivo_suspeito",
        "O arquivo cresce demais ao ser aberto e foi recusado por segurança. "
        "Copie os leads para uma planilha nova e envie de novo.",
    )
