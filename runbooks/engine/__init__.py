"""The engine: what a run does next, and the one caller of apply."""
