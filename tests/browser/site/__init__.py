"""The site of the browser tests."""
