"""Targets: which workload is meant."""
