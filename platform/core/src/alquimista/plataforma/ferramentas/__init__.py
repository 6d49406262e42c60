"""Outside MCP servers of a tenant: their tools are called as ``mcp:<servidor>.<ferramenta>``."""
