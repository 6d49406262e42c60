"""The five hooks of an agent. All are synchronous and called by keyword.

An agent's module (named by its entry point in the group ``alquimista.agents``) implements those it
needs with ``@hookimpl``; admission refuses wrappers, ``specname``, ``tryfirst``, ``trylast``,
coroutines and names that are not hooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pluggy

from alquimista_sdk.context import AgentContext
from alquimista_sdk.events import AgentEvent

PROJECT = "alquimista"
ENTRY_POINT_GROUP = "alquimista.agents"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def agent_handle_event(event: AgentEvent, context: AgentContext) -> None:
    """Handle an event that the agent subscribes to, or one of its schedules.

    Reads are immediate, writes are kept until the handler returns and then commit together with
    the inbox. Raise ``TransientError`` to be run again, ``PermanentError`` to give the event up.
    """


@hookspec(firstresult=True)
def agent_invoke(
    operation: str, payload: Mapping[str, Any], context: AgentContext
) -> Mapping[str, Any] | None:
    """Answer a read-only operation declared in the manifest. Writes are refused."""


@hookspec
def agent_on_activate(context: AgentContext) -> None:
    """The tenant has just activated the agent."""


@hookspec
def agent_on_upgrade(from_version: str, context: AgentContext) -> None:
    """The tenant's activation moves from ``from_version`` to the installed version."""


@hookspec
def agent_on_deactivate(context: AgentContext) -> None:
    """The tenant is deactivating the agent; its state stays until the tenant erases it."""
