"""Readers of a message's tone, intent and requests to stop."""
