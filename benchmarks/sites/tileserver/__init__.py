"""A small Django project that serves images; it runs unchanged with this package and with 0.10.5."""
