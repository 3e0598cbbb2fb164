"""What the world is and what may be done to it."""
