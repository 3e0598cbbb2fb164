"""The methods of the Web API, one family per file."""
