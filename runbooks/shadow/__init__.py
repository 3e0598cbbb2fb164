"""What people did while a runbook was in shadow, and what verification says of it."""
