"""Jobs that teams bring: templates of the configuration, and nothing beyond them."""
