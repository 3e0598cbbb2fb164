"""Owners: who else writes to the workload."""
