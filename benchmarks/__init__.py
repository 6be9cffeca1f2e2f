"""Measure the package beside django-large-image 0.10.5 and TiTiler: `make bench`, or `python -m benchmarks`."""
