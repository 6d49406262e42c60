"""What an upload would import, for a person to look at and correct before anything is stored."""

from __future__ import annotations

from itertools import islice
from typing import Any

from alquimista.prospeccao.importacoes.colunas import letras_da_coluna
from alquimista.prospeccao.importacoes.leitura import abrir
from alquimista.prospeccao.importacoes.linhas import Plano, converter
from alquimista.prospeccao.importacoes.mapeamento import faltantes
from alquimista.prospeccao.importacoes.planilhas import Opcoes, escolher

PRIMEIRAS = 10


def descrever(nome: str, conteudo: bytes, opcoes: Opcoes) -> dict[str, Any]:
    """The sheets, the chosen one, its header, columns and first rows, and the warnings.

    Raises:
        ArquivoInvalido: the file cannot be read, or no sheet has a header.
    """
    arquivo = abrir(conteudo, nome)
    escolha = escolher(arquivo, opcoes)
    fields = {letter: field for field, letters in escolha.mapa.items() for letter in letters}
    plan = Plano(escolha.folha.nome, escolha.cabecalho.linha, escolha.cabecalho.nomes, escolha.mapa)
    rows = enumerate(escolha.folha.amostra, start=1)
    width = max((len(row) for row in escolha.folha.amostra), default=0)
    names = list(escolha.cabecalho.nomes) + [""] * (width - len(escolha.cabecalho.nomes))
    columns = [(letras_da_coluna(index), name) for index, name in enumerate(names, start=1)]
    return {
        "planilhas": [
            {"nome": folha.nome, "visivel": folha.visivel, "linhas": folha.linhas}
            for folha in arquivo.folhas
        ],
        "planilha": escolha.folha.nome,
        "linha_cabecalho": escolha.cabecalho.linha,
        "total_linhas": escolha.total_linhas,
        "colunas": [
            {"coluna": letter, "nome": name, "campo": fields.get(letter)}
            for letter, name in columns
            if name or letter in fields
        ],
        "faltantes": list(faltantes(escolha.mapa)),
        "primeiras_linhas": [
            {"linha": row.linha, "valores": row.valores, "extras": row.extras}
            for row in islice(converter(rows, plan), PRIMEIRAS)
        ],
        "avisos": list(escolha.avisos),
    }
