"""An event bus with EventBridge semantics on PostgreSQL."""
