"""What the worst request costs, for every kind of file and every endpoint: measured in a child with limits."""
