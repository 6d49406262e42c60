"""Hooks of nigredo_recebimento."""
