"""The CDK app. ``make infra-synth`` prints the declaration and runs this.

Usage: ``python app.py DECLARATION.json``, where the file is what ``alquimista bus declaration``
prints: queues and rules from which the PostgreSQL home is set up too. Names on AWS come from the
environment variables that the application reads them from.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import aws_cdk as cdk
from alquimista_infra.bus_stack import BusStack

from fibonacci_bus import topology_of
from fibonacci_bus.aws import BusDeclaration, declare


def read_declaration(path: Path) -> BusDeclaration:
    """What EventBridge and SQS must have for a printed declaration.

    Raises:
        InvalidDeclaration, InvalidPattern, ValueError: it cannot be read, or not be said on AWS.
    """
    return declare(
        topology_of(json.loads(path.read_text())),
        bus_name=os.environ.get("ALQUIMISTA_BUS_NAME", "fibonacci-bus"),
        prefix=os.environ.get("ALQUIMISTA_QUEUE_PREFIX", "fibonacci-"),
    )


def main(path: Path) -> None:
    """Synthesise every stack into ``cdk.out``."""
    app = cdk.App()
    env = cdk.Environment(
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"),
        region=os.environ.get("CDK_DEFAULT_REGION", "sa-east-1"),
    )
    BusStack(app, "AlquimistaBus", read_declaration(path), env=env)
    app.synth()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
