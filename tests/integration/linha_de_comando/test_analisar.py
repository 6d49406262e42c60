"""``alquimista analisar``: JSON lines in, JSON lines out, no database."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.linha_de_comando.conftest import Command

KEYS = ["text", "intent", "sentimento", "intensidade", "descadastro", "motivos"]


def lines(*texts: str, **more: str) -> str:
    """Messages as JSON lines."""
    return "".join(json.dumps({"text": text, **more}) + "\n" for text in texts)


def parsed(output: str) -> list[dict[str, Any]]:
    """JSON lines as objects."""
    return [json.loads(line) for line in output.splitlines()]


def test_each_line_is_answered_in_order_with_exactly_the_six_keys(command: Command) -> None:
    said = (
        "Tenho interesse, vamos agendar",
        "Parem de me mandar mensagem",
        "São adequados à LGPD?",
        "Que absurdo, vocês são um lixo!",
    )
    result = command("analisar", typed=lines(*said))
    assert result.exit_code == 0, result.output
    found = parsed(result.stdout)
    assert [list(item) for item in found] == [KEYS] * 4
    assert [item["text"] for item in found] == list(said)
    assert [item["descadastro"] for item in found[:3]] == ["nao", "certo", "nao"]
    assert found[0]["intent"] == "interest"
    assert found[2]["intent"] == "question"
    assert found[3]["sentimento"] == "irritado"
    for item in found:
        assert item["descadastro"] in ("certo", "incerto", "nao")
        assert item["sentimento"] in ("positivo", "neutro", "negativo", "irritado")
        assert isinstance(item["intensidade"], int)
        assert 0 <= item["intensidade"] <= 100


def test_accents_are_written_as_they_are(command: Command) -> None:
    result = command("analisar", typed=lines("Não sei ação"))
    assert '"text": "Não sei ação"' in result.stdout


def test_empty_lines_are_skipped_and_nothing_in_gives_nothing_out(command: Command) -> None:
    assert command("analisar", typed="").stdout == ""
    result = command("analisar", typed="\n\n" + lines("oi") + "\n")
    assert len(parsed(result.stdout)) == 1
    assert command("analisar", typed=b"\xef\xbb\xbf" + lines("oi").encode()).exit_code == 0


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (b"{\n", "linha 2: não é JSON"),
        (b"oi\n", "linha 2: não é JSON"),
        (b"[" * 50_000 + b"\n", "linha 2: não é JSON"),
        (b"[]\n", 'linha 2: esperado {"text": "…"}'),
        (b"{}\n", 'linha 2: esperado {"text": "…"}'),
        (b'{"text": 3}\n', 'linha 2: esperado {"text": "…"}'),
        (b'{"text": null}\n', 'linha 2: esperado {"text": "…"}'),
        ('{"text": "não"}\n'.encode("latin-1"), "linha 2: o texto não está em UTF-8"),
        (b'{"text": "\\ud800"}\n', "linha 2: o texto tem meio caractere"),
    ],
)
def test_a_bad_line_is_named_after_the_good_ones_before_it(
    command: Command, bad: bytes, told: str
) -> None:
    result = command("analisar", typed=lines("oi").encode() + bad + lines("depois").encode())
    assert result.exit_code == 1
    assert len(parsed(result.stdout)) == 1
    assert result.stderr.startswith(f"Erro: {told}")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("text", ["", " ", "?", "👍", "\x00", "a" * 20_000, "'; --", "\u202e"])
def test_any_text_is_answered(command: Command, text: str) -> None:
    result = command("analisar", typed=lines(text))
    assert result.exit_code == 0, result.output
    assert parsed(result.stdout)[0]["text"] == text


def test_our_message_before_it_gives_a_short_answer_its_sense(command: Command) -> None:
    anterior = "Podemos marcar uma conversa na terça?"
    [with_it] = parsed(command("analisar", typed=lines("pode ser", anterior=anterior)).stdout)
    assert list(with_it) == KEYS
    assert with_it["intent"] == "interest"
