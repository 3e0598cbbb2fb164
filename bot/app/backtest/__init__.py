"""Backtest: what the desk would have made of the alerts that a Prometheus remembers."""
