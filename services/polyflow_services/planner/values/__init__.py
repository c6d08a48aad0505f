"""The values that an operation starts with, and where they come from."""
