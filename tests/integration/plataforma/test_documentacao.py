"""The receiver's code in ``docs/api.md`` takes what we send and refuses everything else."""

from __future__ import annotations

import re
import time
from typing import Any

from alquimista.plataforma.webhooks.domain import ESPERAS, headers, shown_secret
from alquimista.prospeccao.titulares.domain import LEMBRETES
from tests.database import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


def documented_verify() -> Any:
    """The function of the page."""
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    space: dict[str, Any] = {}
    exec(found[1], space)
    return space["verify"]


def test_the_documented_code_verifies_a_delivery_and_no_forgery() -> None:
    verify, secret = documented_verify(), bytes(range(32))
    sent = headers([secret], "id", int(time.time()), b"{}")
    assert verify(shown_secret(secret), sent, b"{}")
    assert not verify(shown_secret(secret), sent, b"{ }")
    assert not verify(shown_secret(bytes(32)), sent, b"{}")
    old = headers([secret], "id", int(time.time()) - 400, b"{}")
    both = headers([bytes(32), secret], "id", int(time.time()), b"{}")
    assert verify(shown_secret(secret), both, b"{}") and verify(
        shown_secret(bytes(32)), both, b"{}"
    )
    assert not verify(shown_secret(secret), old, b"{}")


def test_the_page_names_the_waits_and_reminders_of_the_code() -> None:
    text = " ".join(PAGE.split())
    assert "10 s, 1 min, 5 min, 30 min, 2 h, 5 h and 10 h" in text
    assert [wait.total_seconds() for wait in ESPERAS] == [10, 60, 300, 1800, 7200, 18000, 36000]
    assert f"days {', '.join(str(d.days) for d in LEMBRETES[:-1])} and {LEMBRETES[-1].days}" in text
