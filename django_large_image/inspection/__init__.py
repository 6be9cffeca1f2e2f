"""What a file is before any library opens it: signatures, directories and headers, limits."""
