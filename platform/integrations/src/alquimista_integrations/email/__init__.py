"""E-mail: sending over SMTP, reading what comes in."""
