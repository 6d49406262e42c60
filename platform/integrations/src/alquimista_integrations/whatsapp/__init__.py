"""WhatsApp Cloud API: sending, and Meta's webhooks."""
