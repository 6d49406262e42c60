"""Log lines: the design's fields, masked, on one line."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alquimista.observability.logs import HumanFormatter, JsonFormatter, configure

LEAD = "0197b0d5-0000-7000-8000-000000000001"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _record(message: str, *args: Any, level: int = logging.INFO, **extra: Any) -> logging.LogRecord:
    return logging.getLogger("alquimista.x").makeRecord(
        "alquimista.x", level, __file__, 1, message, args, None, extra=extra
    )


def _line(record: logging.LogRecord) -> dict[str, Any]:
    text = JsonFormatter().format(record)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_line_has_the_designs_fields() -> None:
    found = _line(
        _record(
            "lote criado",
            level=logging.WARNING,
            trace_id="t",
            agent="recebimento",
            lead_id=LEAD,
            tenant_id="x",
            metadata={"quantidade": 3},
        )
    )
    assert found.pop("timestamp").endswith("+00:00")
    assert found == {
        "level": "WARN",
        "message": "lote criado",
        "traceId": "t",
        "agent": "recebimento",
        "leadId": LEAD,
        "tenantId": "x",
        "metadata": {"quantidade": 3},
    }


def test_other_fields_go_to_metadata_and_missing_ones_stay_out() -> None:
    found = _line(_record("fim", exit_code=3, trace_id=None))
    assert found["metadata"] == {"exit_code": 3}
    assert "traceId" not in found


def test_personal_data_never_reaches_a_line() -> None:
    found = json.dumps(
        _line(
            _record(
                "veio de %s",
                "ana@acme.com.br",
                metadata={"telefone": "x", "nota": "(11) 98765-4321", "mensagem": "quero sair"},
                agent="bia@acme.com.br",
            )
        )
    )
    for personal in ("acme", "98765", "quero sair"):
        assert personal not in found


@given(st.emails(), st.from_regex(r"\A\+55[1-9][1-9]9[0-9]{8}\Z"))
def test_no_email_or_phone_survives_in_any_part_of_a_line(email: str, phone: str) -> None:
    try:
        raise ValueError(f"{email} {phone}")
    except ValueError as error:
        record = _record(f"m {email} {phone}", x=[email, {phone: email}], metadata={"y": phone})
        record.exc_info = (type(error), error, error.__traceback__)
    for text in (JsonFormatter().format(record), HumanFormatter().format(record)):
        assert phone not in text
        assert email not in text
        assert json.dumps(email)[1:-1] not in text


def test_an_error_has_its_name_and_masked_stack() -> None:
    try:
        raise KeyError("ana@acme.com.br")
    except KeyError as error:
        record = _record("falhou", level=logging.ERROR)
        record.exc_info = (type(error), error, error.__traceback__)
    found = _line(record)["error"]
    assert found["name"] == "KeyError"
    assert "Traceback" in found["stack"]
    assert "acme" not in json.dumps(found)


def test_a_file_gets_json_and_configuring_again_replaces() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure("INFO", first)
    configure("WARNING", second)
    logging.getLogger("alquimista.y").warning("oi")
    logging.getLogger("alquimista.y").info("calado")
    assert first.getvalue() == ""
    assert json.loads(second.getvalue())["message"] == "oi"


def test_a_terminal_gets_a_line_for_people() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    configure("INFO", stream)
    logging.getLogger("alquimista.y").info("lote criado", extra={"agent": "recebimento", "n": 2})
    assert (
        stream.getvalue().rstrip().endswith("INFO  alquimista.y: lote criado agent=recebimento n=2")
    )


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        configure("LOUD", io.StringIO())


@pytest.mark.parametrize("formatter", [JsonFormatter(), HumanFormatter()])
def test_a_text_that_is_no_utf8_is_told_and_not_lost(formatter: logging.Formatter) -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 1, "antes \ud800 depois", (), None)
    line = formatter.format(record)
    assert line.encode("utf-8")
    assert "antes" in line
    assert "depois" in line
