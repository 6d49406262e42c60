"""Facts about companies from public registers."""
