"""The multi-tenant platform: identity, marketplace, runtime, prospecting and REST API."""
