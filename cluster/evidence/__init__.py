"""What is kept of pods before a change touches them."""
