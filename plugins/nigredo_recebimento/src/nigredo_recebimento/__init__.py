"""Cleans, enriches, segments and prioritises leads."""
