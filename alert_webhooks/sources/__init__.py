"""Parsers of what was kept, one module per alert source."""
