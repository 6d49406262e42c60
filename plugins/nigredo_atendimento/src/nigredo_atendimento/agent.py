"""Hooks of nigredo_atendimento."""
