"""Chat: views that return values, and the platforms that show them."""
