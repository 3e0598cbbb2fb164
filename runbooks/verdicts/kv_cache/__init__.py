"""What is wrong with a KV cache: readings, the ordered table, its diagnoses and its evidence."""
