"""A stand-in of a pair of Alertmanagers."""
