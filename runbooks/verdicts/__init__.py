"""Verdicts: pure tables that turn readings into a word and its reasons."""
