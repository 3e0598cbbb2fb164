"""Block Kit as Slack documents it: what is legal, and where a payload is not."""
