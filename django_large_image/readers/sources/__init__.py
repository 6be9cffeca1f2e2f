"""Sources of large-image as the pool lends them, and those that take the place of its own."""
