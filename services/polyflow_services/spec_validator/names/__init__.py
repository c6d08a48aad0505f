"""What every name in an operation stands for, artifacts of others among them."""
