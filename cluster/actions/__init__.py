"""Actions: one module each, with plan, apply, already_done, verify and inverse."""
