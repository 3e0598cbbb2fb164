"""The runbook language: from YAML to frozen values."""
