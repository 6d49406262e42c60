"""Hooks of nigredo_relatorios."""
