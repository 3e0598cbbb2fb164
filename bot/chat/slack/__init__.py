"""Slack over Bolt in Socket Mode."""
