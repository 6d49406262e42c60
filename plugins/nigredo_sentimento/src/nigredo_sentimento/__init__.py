"""Reads sentiment, intent and opt-out in short pt-BR replies."""
