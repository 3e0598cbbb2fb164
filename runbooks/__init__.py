"""The runbook language, its engine and its steps."""
