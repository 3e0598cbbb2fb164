"""The console: one page on which a person reads the channels and presses the buttons."""
