"""What an installation should be like, and where it is not."""
