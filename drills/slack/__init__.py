"""A stand-in of Slack's Web API and Socket Mode, with a console page.

`/` is the console (`?as=bob&channel=…&thread=…`), `/api/<method>` the methods of `facts.py`,
`/socket` Socket Mode, `/response/<token>` a response URL. For scripts and checkers there are under
`/control`: `state`, `calls?since=N`; `press`, `command`, `say`, `submit` (POST, they wait for the
app); `faults` (GET, POST, DELETE), `switches`, `disconnect`, `reset` (POST).

A fault is `{"method": "chat.postMessage", "kind": "closed_after", "times": 1, "skip": 0}`; `*` is
any method, `response_url` a post to a response URL; the kinds stand in `faults.FaultKind`.
All times are real time, whatever the clock of the world does.

Not here, and refused as `unknown_method` where it is a method: events over signed HTTP, direct
messages, files, canvases, scheduled messages. Nothing was ever compared with live Slack; limits
that Slack does not publish (bursts, metadata, pins) are guesses and say so where they stand.
"""
