"""What an incident is: alerts, severities, people, commands, events, decisions, timeline."""
