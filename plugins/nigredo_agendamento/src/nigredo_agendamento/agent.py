"""Hooks of nigredo_agendamento."""
