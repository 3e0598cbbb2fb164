"""The signals by topic: each module has a tuple SIGNALS, which the catalogue gathers."""
