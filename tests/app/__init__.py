"""A small Django app that uses django_large_image in every way that a project may."""
