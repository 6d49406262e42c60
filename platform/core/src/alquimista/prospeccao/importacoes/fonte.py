"""Where the rows of an import come from, ready to be read without a transaction."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from alquimista.files.store import FileNotStored, FileStore
from alquimista.prospeccao.importacoes.codificacao import Texto
from alquimista.prospeccao.importacoes.leitura import Linha, linhas_de_csv, linhas_de_xlsx
from alquimista.prospeccao.importacoes.linhas import Plano, converter, de_json
from alquimista_sdk.errors import PermanentError
from alquimista_sdk.models import LinhaBruta


@dataclass(frozen=True, slots=True)
class Fonte:
    """A stored file with its plan; ``plano`` is None for rows posted to the API."""

    caminho: Path
    plano: Plano | None = None
    texto: Texto | None = None
    folha: str = ""
    mescladas: bool = False

    def linhas(self) -> Iterator[LinhaBruta]:
        """The rows, in the order of the file; each call reads it from the start.

        Raises:
            ArquivoInvalido: the file cannot be read to its end.
        """
        if self.plano is None:
            return de_json(json.loads(self.caminho.read_bytes()))
        return converter(self._registros(), self.plano)

    def _registros(self) -> Iterator[Linha]:
        if self.texto is not None:
            return linhas_de_csv(self.caminho, self.texto)
        return linhas_de_xlsx(self.caminho, self.folha, mescladas=self.mescladas)


def fonte_de(files: FileStore, tenant_id: UUID, row: Row[Any]) -> Fonte:
    """The source of a stored import.

    Raises:
        PermanentError: its file is no longer kept.
    """
    if row.arquivo_chave is None:
        raise PermanentError("O arquivo desta importação já foi apagado.", code="arquivo_apagado")
    try:
        path = files.path(tenant_id, row.arquivo_chave)
    except FileNotStored as error:
        raise PermanentError(
            "O arquivo desta importação já foi apagado.", code="arquivo_apagado"
        ) from error
    if row.origem == "api":
        return Fonte(path)
    how = row.previa
    plan = Plano(row.planilha, row.linha_cabecalho, how["nomes"], row.mapeamento)
    if how["tipo"] == "csv":
        return Fonte(path, plan, Texto(how["codificacao"], how["delimitador"]))
    return Fonte(path, plan, None, row.planilha, how["mescladas"])
