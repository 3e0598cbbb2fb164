"""The rehearsal world: stand-ins that speak the real protocols, driven by a model of llm-d."""
