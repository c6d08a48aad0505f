"""A request as it comes: its body, the texts in it, and those about runs that exist."""
