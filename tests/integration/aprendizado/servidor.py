"""A real HTTP service on this machine: keeps what it is asked, answers as told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answers = Callable[[str], tuple[int, dict[str, Any]]]


@dataclass(slots=True)
class Servico:
    """Where it is and the bodies that it got."""

    url: str = ""
    received: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@contextmanager
def http_service(answers: Answers) -> Iterator[Servico]:
    """Serve while the block runs; ``answers`` decides by path."""
    service = Servico()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.received.append(raw.decode())
            service.paths.append(self.path)
            status, body = answers(self.path)
            encoded = json.dumps(body).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        do_GET = do_POST = handle_any

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test says what happened."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
