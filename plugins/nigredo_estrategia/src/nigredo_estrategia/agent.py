"""Hooks of nigredo_estrategia."""
