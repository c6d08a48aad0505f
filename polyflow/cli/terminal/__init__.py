"""What commands share.

- `options.py`, `layers.py`: what they take.
- `text.py`, `paint.py`: how things look in plain text and in colours.
- `problems.py`: what is wrong, with the line and a caret.
- `lost.py`: how a command ends whose output cannot be written, or at Ctrl-C.
"""
