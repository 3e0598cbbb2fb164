"""Revision 2: the outbox knows what of a message matters, and how long it rests otherwise."""

STATEMENTS = (
    "ALTER TABLE outbox ADD COLUMN gist TEXT",
    "ALTER TABLE outbox ADD COLUMN sent_gist TEXT",
    "ALTER TABLE outbox ADD COLUMN calm_until BIGINT",
    "ALTER TABLE outbox ADD COLUMN calm_edits INTEGER",
)
