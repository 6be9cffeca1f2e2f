"""Where an image lies on earth, and where the pixels of an answer lie in the image."""
