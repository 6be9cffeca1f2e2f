"""The tests of django_large_image; one folder a layer of the package."""
