"""Where an image lies, and where the pixels of an answer lie in it."""
