"""The report as an A4 PDF: the same figures always give the same bytes."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, SimpleDocTemplate, Spacer

from alquimista_sdk.models import MetricasFunil
from nigredo_relatorios import graficos, tabelas
from nigredo_relatorios.numeros import contado, dia
from nigredo_relatorios.periodo import Periodo
from nigredo_relatorios.tipografia import AMBAR, CINZA, FONTE, LINHA, NEGRITO, paragrafo, seguro

MARCA_SANDBOX = "Ambiente de teste (sandbox)"
_MARGEM = 18 * mm
_PE = 11 * mm
_LARGURA = A4[0] - 2 * _MARGEM
_RECUO = 6
"""Points that a frame of reportlab keeps free on each side."""


@dataclass(frozen=True, slots=True)
class Relatorio:
    """What is printed. ``metricas`` carry the insights; ``modelo`` is who wrote them, if not us."""

    empresa: str
    sandbox: bool
    metricas: MetricasFunil
    ontem: MetricasFunil
    modelo: str | None = None

    @property
    def periodo(self) -> Periodo:
        """The days of the report."""
        return Periodo(self.metricas.inicio, self.metricas.fim)


def montar(relatorio: Relatorio) -> bytes:
    """The bytes of the PDF. Nothing in them depends on the clock."""
    buffer = BytesIO()
    documento = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_MARGEM - _RECUO,
        rightMargin=_MARGEM - _RECUO,
        topMargin=_MARGEM,
        bottomMargin=_MARGEM + 4 * mm,
        title=f"Relatório do funil – {relatorio.empresa} – {relatorio.periodo}",
        author=relatorio.empresa,
        subject="Relatório diário do funil de prospecção",
        creator="Alquimista",
        lang="pt-BR",
        invariant=1,
    )
    documento.build(
        _conteudo(relatorio),
        canvasmaker=lambda *args, **opcoes: _Paginas(relatorio, *args, **opcoes),
    )
    return buffer.getvalue()


def _conteudo(relatorio: Relatorio) -> list[Flowable]:
    metricas = relatorio.metricas
    return [
        *_abertura(relatorio),
        _secao("Números do período", tabelas.cartoes(metricas, _LARGURA), *_notas(metricas)),
        _secao(f"Ontem, {dia(metricas.fim)}", tabelas.tabela_de_ontem(relatorio.ontem, _LARGURA)),
        _secao("Funil, com a parcela dos leads recebidos", graficos.funil(metricas, _LARGURA)),
        _secao("Taxas", tabelas.tabela_de_taxas(metricas, _LARGURA)),
        _secao("Dia a dia", *_dia_a_dia(metricas)),
        _secao("Objeções recorrentes", *_objecoes(metricas)),
        _secao("Leitura dos números", *_leitura(relatorio)),
    ]


def _secao(titulo: str, *conteudo: Flowable) -> KeepTogether:
    return KeepTogether([paragrafo(titulo, "secao"), *conteudo])


def _abertura(relatorio: Relatorio) -> list[Flowable]:
    dias = contado(relatorio.periodo.dias, "dia", "dias")
    partes = [
        paragrafo("Relatório do funil", "titulo"),
        paragrafo(f"{relatorio.empresa} · {relatorio.periodo} ({dias})", "subtitulo"),
    ]
    if relatorio.sandbox:
        partes.append(paragrafo(f"{MARCA_SANDBOX}: os números vêm de dados de teste.", "aviso"))
    return partes


def _notas(metricas: MetricasFunil) -> list[Flowable]:
    nota = (
        "O funil acompanha os leads recebidos no período e até onde cada um chegou desde então. "
        "“Ontem” e “Dia a dia” contam o que aconteceu em cada dia, com leads de qualquer data."
    )
    if metricas.leads_enriquecidos_sandbox:
        quantos = contado(
            metricas.leads_enriquecidos_sandbox,
            "lead foi enriquecido",
            "leads foram enriquecidos",
        )
        nota += f" {quantos} com dados fictícios (sandbox)."
    return [Spacer(1, 4), paragrafo(nota, "nota")]


def _dia_a_dia(metricas: MetricasFunil) -> list[Flowable]:
    if not metricas.serie:
        return [paragrafo(f"{tabelas.SEM_DADOS.capitalize()} no período.", "texto")]
    return [Spacer(1, 4), graficos.serie_diaria(metricas.serie, _LARGURA)]


def _objecoes(metricas: MetricasFunil) -> list[Flowable]:
    if not metricas.objecoes_recorrentes:
        return [paragrafo("Nenhuma objeção foi lida no período.", "texto")]
    return [
        tabelas.tabela_de_objecoes(metricas.objecoes_recorrentes, _LARGURA),
        Spacer(1, 3),
        paragrafo(
            "Uma mensagem pode trazer mais de uma objeção. Os códigos são o começo do "
            "identificador de cada interação.",
            "nota",
        ),
    ]


def _leitura(relatorio: Relatorio) -> list[Flowable]:
    autoria = (
        "Texto gerado por regras a partir dos números deste relatório."
        if relatorio.modelo is None
        else f"Texto escrito por {relatorio.modelo}. Só ficam as frases cujos números estão entre "
        "os deste relatório."
    )
    return [
        *(paragrafo(frase, "item", bulletText="•") for frase in relatorio.metricas.insights),
        paragrafo(autoria, "nota"),
    ]


class _Paginas(Canvas):
    """A canvas that knows how many pages there are when it writes the footers."""

    def __init__(self, relatorio: Relatorio, *args: Any, **opcoes: Any) -> None:
        super().__init__(*args, **opcoes)
        self._relatorio = relatorio
        self._paginas: list[dict[str, Any]] = []

    def showPage(self) -> None:
        """Keep the page until the last one is known."""
        self._paginas.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        """Write every page with its footer."""
        for numero, pagina in enumerate(self._paginas, start=1):
            self.__dict__.update(pagina)
            self._rodape(f"Página {numero} de {len(self._paginas)}")
            super().showPage()
        super().save()

    def _rodape(self, pagina: str) -> None:
        self.setStrokeColor(LINHA)
        self.setLineWidth(0.6)
        self.line(_MARGEM, _PE + 10, A4[0] - _MARGEM, _PE + 10)
        self.setFont(FONTE, 8)
        self.setFillColor(CINZA)
        self.drawRightString(A4[0] - _MARGEM, _PE, pagina)
        if self._relatorio.sandbox:
            self.setFont(NEGRITO, 8)
            self.setFillColor(AMBAR)
            self.drawString(_MARGEM, _PE, MARCA_SANDBOX)
        else:
            self.drawString(_MARGEM, _PE, seguro(f"Relatório do funil · {self._relatorio.periodo}"))
