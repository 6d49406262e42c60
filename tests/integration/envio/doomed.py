"""A process that forks senders and lets each kill itself at one named step.

``python -m tests.integration.envio.doomed`` reads ``{"owner", "app", "relay", "home", "arquivo",
"sabe"}`` as JSON from its standard input. Nothing is open before a fork.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, event

from alquimista import bootstrap
from alquimista.runtime.admission import Catalogue
from alquimista.runtime.topology import SENDER_QUEUE
from alquimista.settings import Settings
from tests.integration.envio.canais import CanalEmArquivo

PASSOS = ("antes", "depois", "commit")
"""Authorised and not called; called and not committed; all written and not committed."""


def settings_of(task: dict[str, Any]) -> Settings:
    """The parent's settings."""
    return Settings(
        home=Path(task["home"]),
        master_key=bytes(range(32)),
        database_url=task["owner"],
        app_database_url=task["app"],
        relay_database_url=task["relay"],
    )


def _work(task: dict[str, Any], step: str) -> None:
    canal = CanalEmArquivo(Path(task["arquivo"]), bool(task["sabe"]), step)
    with patch.object(bootstrap, "channels", lambda _settings, _database: {"email": canal}):
        system = bootstrap.build(settings_of(task), catalogue=Catalogue())
    if step == "commit":

        def before_commit(_: Connection) -> None:
            if canal.chegaram()[f"{task['prefixo']}{step}"]:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(system.database.app_engine, "commit", before_commit)
    system.worker((SENDER_QUEUE,)).run_once(1)


def _fork(task: dict[str, Any], step: str) -> int:
    """Run a child; answers its wait status."""
    pid = os.fork()
    if pid == 0:
        try:
            _work(task, step)
        except BaseException:  # noqa: BLE001 - a child must not return into its parent's code
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def main() -> int:
    """One child a step; fails where one of them lives on."""
    task = json.load(sys.stdin)
    for step in PASSOS:
        status = _fork(task, step)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            print(f"survived: {step}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
