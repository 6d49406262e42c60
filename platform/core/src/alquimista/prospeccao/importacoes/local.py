"""Reading a file of leads without a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from alquimista.prospeccao.importacoes.fonte import Fonte
from alquimista.prospeccao.importacoes.leitura import abrir
from alquimista.prospeccao.importacoes.linhas import Plano
from alquimista.prospeccao.importacoes.planilhas import Opcoes, escolher, exigir
from alquimista_sdk.models import LinhaBruta

SEM_OPCOES = Opcoes()


@dataclass(frozen=True, slots=True)
class Analise:
    """A file that can be imported: what was chosen, what to warn of, and its rows."""

    fonte: Fonte
    planilha: str
    linha_cabecalho: int
    total_linhas: int
    avisos: tuple[str, ...]

    def linhas(self) -> Iterator[LinhaBruta]:
        """The rows, read as they are asked for."""
        return self.fonte.linhas()


def analisar_arquivo(caminho: Path, opcoes: Opcoes = SEM_OPCOES) -> Analise:
    """Open a spreadsheet or .csv of leads, as an upload is.

    Raises:
        ArquivoInvalido: it cannot be imported; the message says why and what to do.
    """
    arquivo = abrir(caminho.read_bytes(), caminho.name)
    escolha = escolher(arquivo, opcoes)
    exigir(escolha)
    plan = Plano(escolha.folha.nome, escolha.cabecalho.linha, escolha.cabecalho.nomes, escolha.mapa)
    fonte = Fonte(caminho, plan, arquivo.texto, escolha.folha.nome, escolha.folha.mescladas)
    return Analise(
        fonte, escolha.folha.nome, escolha.cabecalho.linha, escolha.total_linhas, escolha.avisos
    )
