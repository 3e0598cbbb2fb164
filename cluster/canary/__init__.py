"""A prompt with a known answer: who is asked, and what the answers say."""
