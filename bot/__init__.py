"""The voice: chat, pages, postmortem, delivery, and the wiring."""
