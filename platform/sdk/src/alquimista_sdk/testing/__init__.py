"""What plugin authors test with: an in-memory twin, events, and the contract every agent keeps."""

from alquimista_sdk.testing.contract import AgentContractTests
from alquimista_sdk.testing.events import TENANT_ID, make_event
from alquimista_sdk.testing.recording import PublishedEvent, TwinNotPrepared
from alquimista_sdk.testing.running import invoke, load_manifest, run
from alquimista_sdk.testing.store import Store
from alquimista_sdk.testing.twin import TwinContext

__all__ = [
    "TENANT_ID",
    "AgentContractTests",
    "PublishedEvent",
    "Store",
    "TwinContext",
    "TwinNotPrepared",
    "invoke",
    "load_manifest",
    "make_event",
    "run",
]
