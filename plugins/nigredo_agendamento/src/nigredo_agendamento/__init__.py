"""Proposes, holds and confirms meetings."""
