"""Hooks of nigredo_disparo."""
