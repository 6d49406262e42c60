"""Faults under load: processes, the network, the clock, the disk and the connections go away."""
