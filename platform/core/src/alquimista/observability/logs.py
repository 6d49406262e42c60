"""Logs: one JSON object a line (the design's LogEntry), plain on a terminal, no personal data.

Fields: timestamp (ISO 8601, UTC, machine time), level, message, traceId, agent, leadId, tenantId,
metadata, and error where one was given.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

from alquimista.observability.masking import mask, mask_text

LEVELS: Mapping[int, str] = {
    logging.DEBUG: "DEBUG",
    logging.INFO: "INFO",
    logging.WARNING: "WARN",
    logging.ERROR: "ERROR",
    logging.CRITICAL: "ERROR",
}
_NAMED = {"trace_id": "traceId", "agent": "agent", "lead_id": "leadId", "tenant_id": "tenantId"}
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_QUIET = ("alembic", "botocore", "mail.log", "urllib3", "waitress.queue", "werkzeug")
_HANDLER = "alquimista"


class JsonFormatter(logging.Formatter):
    """A record as the design's LogEntry."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        return _writable(json.dumps(entry(record), ensure_ascii=False, default=str))


class HumanFormatter(logging.Formatter):
    """A record as a person reads it on a terminal; local time."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the stack of an error below it."""
        found = entry(record)
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        facts = {name: found[name] for name in ("agent", "leadId") if name in found}
        facts.update(found.get("metadata", {}))
        tail = "".join(f" {name}={value}" for name, value in facts.items())
        line = f"{moment} {found['level']:<5} {record.name}: {found['message']}{tail}"
        error = found.get("error")
        return _writable(f"{line}\n{error['stack']}" if error else line)


def _writable(line: str) -> str:
    """Half a surrogate pair cannot be written as UTF-8: it is told by its number, not lost."""
    return line.encode("utf-8", "backslashreplace").decode("utf-8")


def entry(record: logging.LogRecord) -> dict[str, Any]:
    """A record as JSON-like data, masked. Fields that the design does not name go to metadata."""
    fields = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
    found: dict[str, Any] = {
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": LEVELS.get(record.levelno, record.levelname),
        "message": mask_text(record.getMessage()),
    }
    for name, spelling in _NAMED.items():
        if fields.get(name) is not None:
            found[spelling] = mask_text(str(fields.pop(name)))
        else:
            fields.pop(name, None)
    metadata = fields.pop("metadata", None)
    if isinstance(metadata, Mapping):
        fields = {**fields, **metadata}
    elif metadata is not None:
        fields["metadata"] = metadata
    if fields:
        found["metadata"] = mask(fields)
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        found["error"] = {
            "name": type(error).__name__,
            "message": mask_text(str(error)),
            "stack": mask_text("".join(traceback.format_exception(error))),
        }
    return found


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send every logger to one stream (standard error by default); again, it replaces itself.

    Raises:
        ValueError: there is no such level.
    """
    target = stream if stream is not None else sys.stderr
    handler = logging.StreamHandler(target)
    handler.set_name(_HANDLER)
    handler.setFormatter(HumanFormatter() if target.isatty() else JsonFormatter())
    root = logging.getLogger()
    for old in [item for item in root.handlers if item.get_name() == _HANDLER]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
