"""Files that other programs write: what is served is what the writer holds."""
