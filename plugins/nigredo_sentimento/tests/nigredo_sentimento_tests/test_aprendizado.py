"""Learning from corrections, held to the shipped folds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alquimista_sdk.errors import PermanentError
from alquimista_sdk.learning import CorrectedExample
from alquimista_sdk.models import ModeloDaConta
from alquimista_sdk.testing import TwinContext, invoke, load_manifest
from nigredo_sentimento import agent, aprendizado
from nigredo_sentimento.ajuste import ajustado, escrever_ajuste, ler_ajuste
from nigredo_sentimento.analise import concluir, observar
from nigredo_sentimento.aprendizado import Aprendiz
from nigredo_sentimento.avaliacao import macro_f1
from nigredo_sentimento.dobras import Dobrado, dobras, escrever_dobras, ler_dobras
from nigredo_sentimento.medidas_da_conta import MENOS_E_MELHOR, ORDEM, Lida, medir, nao_pior
from nigredo_sentimento.modelo import CABECAS, MODELO_SHA256, modelo

DITO = "guarda o resto pra vc"
DITOS = (DITO, "esquece que eu existo", "bota um ponto final nisso", "pode recolher o anzol")


def opted_out(texto: str) -> CorrectedExample:
    """A person says that this asks us to stop."""
    return CorrectedExample(texto, "", "descadastro", "negativo", None, "certo")


EXEMPLOS = [opted_out(texto) for texto in (*DITOS, "aposenta meu contato")]


def quiet(what: str, done: int, of: int) -> None:
    """Nobody looks at the progress."""


@pytest.fixture
def folds(monkeypatch: pytest.MonkeyPatch) -> tuple[Dobrado, ...]:
    """A part of the shipped folds: the whole takes seconds."""
    some = dobras()[::12]
    monkeypatch.setattr(aprendizado, "dobras", lambda: some)
    return some


def test_the_shipped_folds_are_the_shipped_models() -> None:
    assert len(dobras()) > 4000
    assert sum(item.descadastro for item in dobras()) > 500
    assert len(dobras()[0].pontos) == len(CABECAS)


def test_folds_of_another_model_are_refused() -> None:
    with pytest.raises(ValueError, match="make modelo"):
        ler_dobras(escrever_dobras(dobras()[:2], "0" * 64))
    assert ler_dobras(escrever_dobras(dobras()[:2], MODELO_SHA256)) == dobras()[:2]


def test_what_was_taught_is_read_and_nothing_gets_worse_on_the_folds(
    folds: tuple[Dobrado, ...],
) -> None:
    done = Aprendiz().train(EXEMPLOS, quiet)
    assert done.aceito, done.motivo
    assert "pedido de saída" in done.partes
    assert nao_pior(done.depois.dobras, done.antes.dobras)
    assert done.depois.conta["descadastros vistos"] == 1.0 > done.antes.conta["descadastros vistos"]
    assert done.conteudo is not None
    before = concluir(DITO, observar(DITO), modelo())
    after = concluir(DITO, observar(DITO), ajustado(ler_ajuste(done.conteudo)))
    assert (before.descadastro, after.descadastro != "nao") == ("nao", True)
    assert Aprendiz().evaluate(EXEMPLOS, done.conteudo, quiet) == done.depois


def test_corrections_that_would_lose_requests_to_stop_teach_that_part_nothing(
    folds: tuple[Dobrado, ...],
) -> None:
    """Forty requests of the folds relabelled as none: what they would teach costs recall."""
    wrong = [
        CorrectedExample(item.text, item.anterior, "question", "positivo", None, "nao")
        for item in [item for item in folds if item.descadastro][:40]
    ]
    done = Aprendiz().train(wrong, quiet)
    assert nao_pior(done.depois.dobras, done.antes.dobras)
    assert done.depois.dobras["descadastros vistos"] >= done.antes.dobras["descadastros vistos"]
    assert done.retidas or not done.aceito


def test_a_model_that_learned_nothing_useful_is_refused_with_figures(
    folds: tuple[Dobrado, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aprendizado, "nao_pior", lambda novas, antigas: False)
    done = Aprendiz().train(EXEMPLOS, quiet)
    assert (done.aceito, done.conteudo, done.partes) == (False, None, ())
    assert done.motivo
    assert set(ORDEM) <= set(done.depois.dobras)


def test_a_handful_is_needed(folds: tuple[Dobrado, ...]) -> None:
    done = Aprendiz().train(EXEMPLOS[:4], quiet)
    assert not done.aceito
    assert "há 4" in done.motivo


def test_the_same_corrections_give_the_same_bytes(folds: tuple[Dobrado, ...]) -> None:
    first, second = (Aprendiz().train(EXEMPLOS, quiet).conteudo for _ in range(2))
    assert first == second


def test_the_folds_are_read_as_the_scorer_decides() -> None:
    """The figures decide with ``desfecho`` and the best head, as ``concluir`` does."""
    for item in dobras()[::200]:
        leitura = observar(item.text, item.anterior)
        pontos = ajustado({}).pontuar(leitura.tracos)
        numbers = tuple(pontos[nome] for nome in CABECAS)
        caso = replace(aprendizado._of_fold(item), pontos=numbers)
        lida = aprendizado._read(caso, [0.0] * len(CABECAS))
        inteira = concluir(item.text, leitura, modelo())
        assert (lida.intent, lida.sentimento, lida.descadastro) == (
            inteira.intent,
            inteira.sentimento,
            inteira.descadastro,
        )


def test_figures_count_as_the_bench_does() -> None:
    esperadas = [Lida("descadastro", "neutro", 0, "certo"), Lida("interest", "positivo", 50, "nao")]
    lidas = [Lida("question", "neutro", 10, "incerto"), Lida("interest", "neutro", 50, "incerto")]
    found = medir(esperadas, lidas)
    assert found["descadastros vistos"] == 1.0
    assert found["outros pausados"] == 1.0
    assert found["erro da força (0 a 100)"] == 5.0
    assert found["tom (macro-F1)"] == macro_f1(["neutro", "positivo"], ["neutro", "neutro"])
    assert found["acertos"] == 0.0


@pytest.mark.parametrize("nome", ORDEM)
def test_each_figure_alone_makes_a_model_worse(nome: str) -> None:
    old = dict.fromkeys(ORDEM, 0.5)
    step = 1e-6 if nome in MENOS_E_MELHOR else -1e-6
    assert nao_pior(old, old)
    assert not nao_pior({**old, nome: 0.5 + step}, old)
    assert nao_pior({**old, nome: 0.5 - step}, old)


def test_weights_of_another_model_or_damaged_ones_are_refused() -> None:
    good = escrever_ajuste({3: [0.5] * len(CABECAS)})
    assert ler_ajuste(good) == {3: (0.5,) * len(CABECAS)}
    other = good.replace(MODELO_SHA256.encode(), b"0" * 64)
    for broken in (other, good[:-3], b"{}\n"):
        with pytest.raises((ValueError, KeyError)):
            ler_ajuste(broken)
    with pytest.raises(PermanentError, match="treine de novo"):
        Aprendiz().evaluate([], other, quiet)


def test_an_accounts_model_of_another_base_is_left_aside() -> None:
    twin = TwinContext(load_manifest("nigredo_sentimento"))
    content = escrever_ajuste({3: [0.5] * len(CABECAS)})
    twin.use_model("sentimento.analisar", ModeloDaConta(4, "0" * 64, "a", content))
    payload = {"text": "Oi", "com_modelo": True}
    old = invoke(agent, "sentimento.analisar", payload, twin)
    assert old["modelo"] == f"embutido {MODELO_SHA256[:8]}"
    twin.use_model("sentimento.analisar", ModeloDaConta(4, MODELO_SHA256, "a", content))
    new = invoke(agent, "sentimento.analisar", payload, twin)
    assert new["modelo"] == f"conta 4 sobre {MODELO_SHA256[:8]}"
