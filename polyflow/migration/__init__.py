"""Rewriting a file in today's spelling, with its comments: what `polyflow migrate` does."""
