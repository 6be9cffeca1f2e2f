"""Sources of large-image as the pool lends them, and those that replace large-image's own."""
