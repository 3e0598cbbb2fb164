"""Loops: one loop, one file."""
