"""The postmortem, read from the journal."""
