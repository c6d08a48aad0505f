"""Readers of texts, and how a value was written; `document.py` above chooses between them.

- `json_text.py`: JSON, its repeated keys, and positions in it.
- `yaml/`: YAML, what is wrong with it, and positions in it.
- `spelling.py`: words and numbers that become texts.
"""
