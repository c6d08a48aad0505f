"""What people ask of a run that goes on, and what they are answered."""
