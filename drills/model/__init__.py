"""A causal model of llm-d: faults change causes, never a metric."""
