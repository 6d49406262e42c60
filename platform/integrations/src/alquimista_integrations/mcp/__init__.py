"""The Model Context Protocol, both ways: our tools served, outside servers called.

Only this room imports ``mcp`` (the official SDK): it costs more than a second and 65 MB.
"""
