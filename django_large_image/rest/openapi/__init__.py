"""The OpenAPI documents, by drf-yasg and drf-spectacular."""
