"""Measuring on labelled replies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nigredo_sentimento.avaliacao import (
    Exemplo,
    avaliar,
    ler_exemplos,
    macro_f1,
    main,
    palavras_chave,
)

EXEMPLOS = (
    Exemplo("Parem de me mandar mensagem", "descadastro", "neutro", True),
    Exemplo("Quero parar de pagar caro, me liga", "interest", "neutro", False),
    Exemplo("São adequados à LGPD?", "question", "neutro", False),
)


def test_macro_f1_is_the_mean_over_the_expected_classes() -> None:
    assert macro_f1(["a", "a", "b"], ["a", "b", "b"]) == pytest.approx(2 / 3)
    assert macro_f1([], []) == 0.0


def test_words_in_context_beat_the_keyword_list() -> None:
    nossa, lista = avaliar(EXEMPLOS), avaliar(EXEMPLOS, palavras_chave)
    assert nossa.descadastro_precisao_certo == 1.0
    assert nossa.descadastro_recall == 1.0
    assert nossa.alarmes_falsos == 0
    assert lista.alarmes_falsos == 2


def test_the_report_shows_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arquivo = tmp_path / "respostas.jsonl"
    arquivo.write_text(
        "\n".join(
            json.dumps(
                {
                    "text": item.text,
                    "intent": item.intent,
                    "sentiment": item.sentimento,
                    "opt_out": item.descadastro,
                }
            )
            for item in EXEMPLOS
        ),
        encoding="utf-8",
    )
    assert ler_exemplos(arquivo) == EXEMPLOS
    assert main([str(arquivo)]) == 0
    saida = capsys.readouterr().out
    assert "3 respostas rotuladas" in saida
    assert "intenção, macro-F1" in saida


def test_without_a_file_the_usage_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "uso:" in capsys.readouterr().err
