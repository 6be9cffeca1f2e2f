"""The directories of a TIFF: what one says, and what several of them are together."""
