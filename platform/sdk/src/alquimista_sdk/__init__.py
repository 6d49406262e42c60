"""The contract between the Alquimista platform and its agents."""
