"""The readers of images: one interface, and what is behind it."""
