"""Plans sends and follow-ups within law and limits."""
