"""Turns the funnel into a daily PDF report."""
