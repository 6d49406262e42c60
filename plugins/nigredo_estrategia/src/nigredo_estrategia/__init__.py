"""Plans campaigns per lot with messages, channel and rhythm."""
