"""The contract between the Alquimista platform and its agents."""

from alquimista_sdk.context import AgentContext
from alquimista_sdk.events import AgentEvent, Classification, Subject
from alquimista_sdk.hookspecs import hookimpl

__all__ = ["AgentContext", "AgentEvent", "Classification", "Subject", "hookimpl"]
