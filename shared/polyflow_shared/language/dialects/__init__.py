"""Older dialects of the language, and how what they say is said today.

`translate` (`translation.py`) turns a document of any dialect (`detect.py`) into the current one.  The rules
are tables (`beta.py`, `version_1.py`, `modern.py`) of which field is written where and what becomes of its
value (`steps.py`); `rules.py` carries them out on any tree of maps and lists (`tree.py`), so that `polyflow
migrate` rewrites a file with its comments by the same rules that read it.
"""

from polyflow_shared.language.dialects.detect import Dialect, dialect_of
from polyflow_shared.language.dialects.translation import Translated, carry_out, modernise, read, translate

__all__ = ["Dialect", "Translated", "carry_out", "dialect_of", "modernise", "read", "translate"]
