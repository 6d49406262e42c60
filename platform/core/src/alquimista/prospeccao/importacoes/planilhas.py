"""Which sheet holds the leads: not the first one, and never a hidden one unless asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alquimista.prospeccao.importacoes import cabecalho, mapeamento
from alquimista.prospeccao.importacoes.cabecalho import Cabecalho
from alquimista.prospeccao.importacoes.leitura import Arquivo, Folhinha
from alquimista.prospeccao.importacoes.limites import ArquivoInvalido


@dataclass(frozen=True, slots=True)
class Opcoes:
    """What the caller corrects: the sheet, the header's row (from 1; 0: none), the columns."""

    planilha: str | None = None
    linha_cabecalho: int | None = None
    mapeamento: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Escolha:
    """A sheet with its header and columns. ``mapa`` holds column letters by field."""

    folha: Folhinha
    cabecalho: Cabecalho
    mapa: Mapping[str, tuple[str, ...]]
    avisos: tuple[str, ...] = ()

    @property
    def total_linhas(self) -> int:
        """How many rows stand below the header."""
        return max(self.folha.linhas - self.cabecalho.linha, 0)

    @property
    def amostra(self) -> Sequence[Sequence[str]]:
        """The first rows below the header."""
        return self.folha.amostra[self.cabecalho.linha :]


def escolher(arquivo: Arquivo, opcoes: Opcoes) -> Escolha:
    """Choose the sheet, find its header, map its columns.

    Raises:
        ArquivoInvalido: ``planilha_inexistente``, ``sem_cabecalho``, ``sem_linhas`` or a
            ``mapeamento_…`` code.
    """
    candidates = [
        (folha, found)
        for folha in _permitidas(arquivo, opcoes.planilha)
        if (found := _cabecalho(folha, opcoes.linha_cabecalho)) is not None
    ]
    if not candidates:
        raise ArquivoInvalido("sem_cabecalho", _sem_cabecalho(arquivo))
    ranked = sorted(candidates, key=lambda item: _nota(*item), reverse=True)
    folha, found = ranked[0]
    sample = folha.amostra[found.linha :]
    mapa = mapeamento.corrigir(mapeamento.adivinhar(found.nomes, sample), opcoes.mapeamento)
    others = [item[0].nome for item in ranked[1:] if _nota(*item)[0] and _tem_leads(*item)]
    return Escolha(folha, found, mapa, tuple(_avisos(arquivo, folha, others, sample)))


def exigir(escolha: Escolha) -> None:
    """Refuse a sheet that cannot give one lead.

    Raises:
        ArquivoInvalido: ``mapeamento_incompleto`` or ``sem_linhas``.
    """
    missing = mapeamento.faltantes(escolha.mapa)
    if missing:
        raise ArquivoInvalido(
            "mapeamento_incompleto",
            f"Na planilha “{escolha.folha.nome}” não encontrei a coluna de "
            f"{' nem a de '.join(missing)}. Diga no mapeamento qual coluna é.",
        )
    if not escolha.total_linhas:
        raise ArquivoInvalido(
            "sem_linhas", f"A planilha “{escolha.folha.nome}” tem cabeçalho, mas nenhuma linha."
        )


def _permitidas(arquivo: Arquivo, pedida: str | None) -> tuple[Folhinha, ...]:
    if pedida is None:
        return tuple(folha for folha in arquivo.folhas if folha.visivel)
    if arquivo.texto is not None:
        return arquivo.folhas
    wanted = pedida.strip().casefold()
    found = tuple(folha for folha in arquivo.folhas if folha.nome.strip().casefold() == wanted)
    if not found:
        names = ", ".join(f"“{folha.nome}”" for folha in arquivo.folhas)
        raise ArquivoInvalido(
            "planilha_inexistente",
            f"Não há planilha “{pedida}” com dados neste arquivo. As planilhas são: {names}.",
        )
    return found


def _cabecalho(folha: Folhinha, pedida: int | None) -> Cabecalho | None:
    if pedida is None:
        return cabecalho.encontrar(folha.amostra)
    if pedida < 0 or pedida > len(folha.amostra):
        return None
    return cabecalho.na_linha(folha.amostra, pedida)


def _nota(folha: Folhinha, found: Cabecalho) -> tuple[int, int]:
    """A sheet with rows below its header beats one without; then names; then rows."""
    rows = folha.linhas - found.linha
    return (found.pontos if rows > 0 else 0, rows)


def _tem_leads(folha: Folhinha, found: Cabecalho) -> bool:
    mapa = mapeamento.adivinhar(found.nomes, folha.amostra[found.linha :])
    return not mapeamento.faltantes(mapa)


def _sem_cabecalho(arquivo: Arquivo) -> str:
    message = (
        "Não encontrei a linha de cabeçalho com os nomes das colunas (empresa, telefone, e-mail…) "
        f"nas primeiras {cabecalho.PROCURADAS} linhas. Informe a linha do cabeçalho."
    )
    hidden = [folha.nome for folha in arquivo.folhas if not folha.visivel]
    if hidden:
        names = ", ".join(f"“{nome}”" for nome in hidden)
        message += f" Planilhas ocultas não são lidas sem que você peça: {names}."
    return message


def _avisos(
    arquivo: Arquivo, folha: Folhinha, outras: Sequence[str], amostra: Sequence[Sequence[str]]
) -> list[str]:
    found = [
        f"A planilha oculta “{item.nome}” não foi importada. Para importá-la, escolha-a pelo nome."
        for item in arquivo.folhas
        if not item.visivel and item is not folha
    ]
    if not folha.visivel:
        found.append(f"A planilha “{folha.nome}” está oculta; foi lida porque você a escolheu.")
    found += [
        f"A planilha “{nome}” também parece ter leads e não foi importada." for nome in outras
    ]
    if folha.formulas_sem_valor:
        found.append(
            "Há fórmulas sem valor calculado, lidas como células vazias. Abra o arquivo no Excel, "
            "salve e envie de novo."
        )
    if folha.mescladas:
        found.append("Há células mescladas: o valor vale para todas as linhas que elas cobrem.")
    if any("Ã£" in cell or "Ã§" in cell or "Ã©" in cell for row in amostra for cell in row):
        found.append("Os acentos parecem trocados (“Ã£” em vez de “ã”): confira o arquivo.")
    return found
