"""Outside services behind one port each, real and sandbox."""
