"""The door: authenticate, cap, keep, answer."""
