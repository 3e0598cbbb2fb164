"""The demo: one story, end to end."""
