"""The whole way of a new user, from the built wheel to a tile."""
