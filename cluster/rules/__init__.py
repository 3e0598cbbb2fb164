"""The rules and dashboards that we ship: what they say, and the files that they become."""
