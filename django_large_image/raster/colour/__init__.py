"""From values to colours."""
