"""What a program may state, and how it proves which attempt it is.

- `outputs.py`, `measurements.py`: what it states; `tokens.py`: the proof.
"""
