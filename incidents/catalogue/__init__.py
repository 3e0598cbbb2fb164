"""The alerts that are known: one module a source, each with its entries and its live rules."""
