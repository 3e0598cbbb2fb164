"""Steps: one module per verb."""
