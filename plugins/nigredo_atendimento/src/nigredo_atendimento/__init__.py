"""Answers leads and decides the next step."""
