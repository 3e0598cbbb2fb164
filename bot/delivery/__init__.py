"""Delivery: the outbox sender, used by everything outward."""
