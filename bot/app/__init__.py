"""The wiring: the only place that may import everything."""
