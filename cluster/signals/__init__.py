"""Signals: logical names resolved to the series that exist."""
