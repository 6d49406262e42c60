"""What an assistant gets over MCP: the tenant's read models and operations."""
