"""The pages of images, their addresses, and those that the admin serves."""
