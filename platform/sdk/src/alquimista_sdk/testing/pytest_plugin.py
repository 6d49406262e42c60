"""A pytest plugin for agent authors."""
