"""Escape sequences of YAML that mean no character: shown as they were written, where they begin."""

import pytest

from polyflow_shared.language import document
from polyflow_shared.language.codes import Code

HALF = (Code.CHARACTER, "half of a surrogate pair is not a character", "write the character itself")
BACKSLASH = "write `\\\\` for a backslash, or put the text into single quotes"
SAID = {
    r"\ud83d\ude00": HALF,
    r"\uDC00": HALF,
    r"\U0000d800": HALF,
    r"\x4": (Code.SYNTAX, r"`\x4` is no escape sequence", BACKSLASH),
    r"\uzzzz": (Code.SYNTAX, r"`\u` is no escape sequence", BACKSLASH),
    r"\U99999999": (Code.SYNTAX, r"`\U99999999` is no escape sequence", BACKSLASH),
    r"\d": (Code.SYNTAX, r"`\d` is no escape sequence", BACKSLASH),
}


@pytest.mark.parametrize("escape", SAID)
def test_an_escape_sequence_of_no_character_is_shown_whole(escape: str) -> None:
    (finding,) = document.read(f'name: "a{escape}"\n'.encode()).findings
    assert (finding.code, finding.message, finding.hint) == SAID[escape]
    assert finding.position == (1, 9)
