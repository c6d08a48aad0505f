"""What single fields say, and which of it this release cannot run."""
