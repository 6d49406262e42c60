"""Hooks of nigredo_sentimento."""
