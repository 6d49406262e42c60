"""Calendars: free time, events."""
