"""The plan: what it says of each operation, and how it travels."""
