"""What a YAML parser could not read, said for the one who wrote it.

libyaml says where it stopped and what it looked for; people need to know what they did: a bracket that never
closes is shown where it opens, a line between two levels is shown with both.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import yaml
from yaml.reader import ReaderError

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Position
from polyflow_shared.language.text.json_text import position_of
from polyflow_shared.language.text.yaml import levels

_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STUCK: Final = re.compile(r"\s*(?:- +)*(?P<word>(?P<key>[\w.-]+):(?P<value>[^\s:/][^\s:]*))\s*$")
"""A field without the space after its colon."""
_ESCAPE: Final = re.compile(r"\\(?:x[0-9a-fA-F]{0,2}|u[0-9a-fA-F]{0,4}|U[0-9a-fA-F]{0,8})")
_SURROGATE: Final = re.compile(r"\\(?:u|U0000)[dD][89a-fA-F][0-9a-fA-F]{2}")
_OPEN_BLOCK: Final = re.compile(r"[:-] +[|>][-+0-9]*\s*$")

PLACEHOLDER_HINT: Final = "`...` stands for something that was left out; write it, or remove the dots"
_QUOTE_TEMPLATE: Final = 'write templates in quotes, such as `"{{ name }}"`'


@dataclass(frozen=True)
class _Trouble:
    """What the parser says.

    Attributes:
        text: the whole text.
        problem: what it did not like.
        context: what it was reading.
        at: where it stopped.
        index: the same as an offset.
        began: where what it was reading began.
        began_index: the same as an offset.
    """

    text: str
    problem: str
    context: str
    at: Position
    index: int
    began: Position
    began_index: int

    def line(self, number: int) -> str:
        """Return a line of the text, from 1."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

    @property
    def here(self) -> str:
        """The character at which it stopped."""
        return self.text[self.index : self.index + 1]

    def refuse(
        self, message: str, hint: str = "", *, code: Code = Code.SYNTAX, at: Position | None = None
    ) -> Finding:
        """Return the finding."""
        return Finding(code, message, hint=hint, position=at or self.at)


def finding(text: str, error: yaml.YAMLError) -> Finding:
    """Return what is wrong with a text that cannot be parsed."""
    if isinstance(error, ReaderError):
        return _forbidden_character(text)
    trouble = _trouble(text, error)
    return next(found for explain in _EXPLANATIONS if (found := explain(trouble)) is not None)


def another_document(position: Position) -> Finding:
    """Return what is wrong with a second document."""
    return Finding(
        Code.SEVERAL_DOCUMENTS,
        "a file holds one document; another begins here",
        hint="put it into a file of its own",
        position=position,
    )


def quote_template(event: Any) -> str:
    """Return a hint for a map as the key of a map: `{{ name }}` without quotes."""
    return _QUOTE_TEMPLATE if isinstance(event, yaml.MappingStartEvent) and event.flow_style else ""


def quote_star(event: Any) -> str:
    """Return a hint for an alias that is meant as text."""
    return f'write it in quotes if it is text: "*{event.anchor}"' if event.anchor[:1] in ".*/-" else ""


def _forbidden_character(text: str) -> Finding:
    found = _FORBIDDEN.search(text)
    if found is None:
        return Finding(Code.CHARACTER, "a character is not allowed", position=(1, 1))
    message = f"character {ord(found[0]):#04x} is not allowed"
    return Finding(Code.CHARACTER, message, position=position_of(text, found.start()))


def _trouble(text: str, error: yaml.YAMLError) -> _Trouble:
    problem_mark = getattr(error, "problem_mark", None)
    context_mark = getattr(error, "context_mark", None)
    mark, began = problem_mark or context_mark, context_mark or problem_mark
    return _Trouble(
        text=text,
        problem=str(getattr(error, "problem", None) or error),
        context=str(getattr(error, "context", None) or ""),
        at=position_of(text, mark.index) if mark else (1, 1),
        index=mark.index if mark else 0,
        began=position_of(text, began.index) if began else (1, 1),
        began_index=began.index if began else 0,
    )


def _byte_order_mark(trouble: _Trouble) -> Finding | None:
    before = trouble.text.find("\ufeff", max(0, trouble.index - 1), trouble.index + 1)
    if before < 0:
        return None
    message = "a byte-order mark stands in the middle of the text"
    hint = "remove it: it is there, although it cannot be seen"
    return trouble.refuse(message, hint, code=Code.CHARACTER, at=position_of(trouble.text, before))


def _tab(trouble: _Trouble) -> Finding | None:
    if trouble.here != "\t":
        return None
    return trouble.refuse("tabs cannot indent YAML", "indent with spaces", code=Code.TAB)


def _unclosed_quote(trouble: _Trouble) -> Finding | None:
    if "quoted scalar" not in trouble.context:
        return None
    if "escape" in trouble.problem or "hexdecimal" in trouble.problem:
        return _escape(trouble)
    quote = trouble.text[trouble.began_index : trouble.began_index + 1]
    return trouble.refuse(f"the quote `{quote}` opens here and never closes", at=trouble.began)


def _escape(trouble: _Trouble) -> Finding:
    # libyaml stops behind the letter of an escape sequence whose digits it does not take.
    start = trouble.text.rfind("\\", trouble.began_index, trouble.index + 1)
    found = _ESCAPE.match(trouble.text, start)
    written = found[0] if found else trouble.text[start : start + 2]
    at = position_of(trouble.text, start)
    if _SURROGATE.fullmatch(written):
        hint = "write the character itself"
        return trouble.refuse("half of a surrogate pair is not a character", hint, code=Code.CHARACTER, at=at)
    hint = "write `\\\\` for a backslash, or put the text into single quotes"
    return trouble.refuse(f"`{written}` is no escape sequence", hint, at=at)


def _flow(trouble: _Trouble) -> Finding | None:
    """Explain what went wrong between brackets."""
    if "while parsing a flow" not in trouble.context or "node" in trouble.context:
        return None
    opening = trouble.text[trouble.began_index : trouble.began_index + 1]
    closing = {"[": "]", "{": "}"}.get(opening)
    if closing is None:
        return None
    if not _closes(trouble.text[trouble.began_index :]):
        return trouble.refuse(f"`{opening}` opens here and never closes", at=trouble.began)
    line, column = trouble.began
    hint = f"`{opening}` opens at line {line}, column {column}"
    return trouble.refuse(f"`,` or `{closing}` is missing here", hint)


def _unclosed_at_the_end(trouble: _Trouble) -> Finding | None:
    """Explain a text that ends where a value is expected between brackets."""
    if "flow node" not in trouble.context or trouble.text[trouble.index :].strip():
        return None
    opened: list[Any] = []
    for token in _tokens(trouble.text):
        if isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken):
            opened.append(token.start_mark)
        elif isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken) and opened:
            opened.pop()
    if not opened:
        return None
    opening = trouble.text[opened[-1].index]
    at = position_of(trouble.text, opened[-1].index)
    return trouble.refuse(f"`{opening}` opens here and never closes", at=at)


_BRACKETS: Final = re.compile(r"""[\[\]{}]|"(?:[^"\\]|\\.)*"|'[^']*'|\#.*""")


def _closes(text: str) -> bool:
    """Tell whether the bracket that a text begins with is closed somewhere."""
    depth = 0
    for token in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return True
    return False


def _character(trouble: _Trouble) -> Finding | None:
    """Explain a character that cannot stand where it stands."""
    here = trouble.here
    if here == "," and "flow node" in trouble.context:
        return trouble.refuse("a value is missing before this comma")
    if here == "," and "node" not in trouble.context:
        return trouble.refuse("a comma cannot follow a value here", "remove the comma")
    if here and here in "]}":
        return trouble.refuse(f"`{here}` closes nothing", "remove it")
    if "cannot start any token" in trouble.problem:
        return trouble.refuse(f"`{here}` cannot begin a text", "write the text in quotes")
    if trouble.context.startswith("while scanning an a"):  # an alias, an anchor
        begins = "an alias" if "alias" in trouble.context else "an anchor"
        mark = trouble.text[trouble.began_index : trouble.began_index + 1]
        return trouble.refuse(f"`{mark}` begins {begins}", "write text in quotes", at=trouble.began)
    return None


def _after_quote(trouble: _Trouble) -> Finding | None:
    """Explain text behind a closed quote."""
    if "did not find expected" not in trouble.problem or trouble.began == trouble.at:
        return None
    scalar = _scalar_before(trouble)
    if scalar is None:
        return None
    line, column = trouble.at
    if scalar.start_mark.line != scalar.end_mark.line:
        message = f"the quote `{scalar.style}` that opens here closes at line {line}, column {column - 1}"
        return trouble.refuse(
            message, "close it where its text ends", at=position_of(trouble.text, scalar.start_mark.index)
        )
    inside = "''" if scalar.style == "'" else '\\"'
    hint = f"put all of the text into one pair of quotes; within them, `{scalar.style}` is written `{inside}`"
    return trouble.refuse("text goes on after its closing quote", hint)


def _scalar_before(trouble: _Trouble) -> Any:
    """Return the quoted scalar that ends where the parser stopped."""
    found = None
    for token in _tokens(trouble.text):
        if isinstance(token, yaml.ScalarToken) and token.style in ("'", '"'):
            found = token
        if token.start_mark.index >= trouble.index:
            break
    return found if found is not None and found.end_mark.index == trouble.index else None


def _tokens(text: str) -> Iterator[Any]:
    """Yield the tokens of a text up to where it cannot be parsed."""
    loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    with suppress(yaml.YAMLError):
        yield from yaml.scan(text, Loader=loader)


def _unquoted_template(trouble: _Trouble) -> Finding | None:
    before = trouble.line(trouble.at[0])[: trouble.at[1] - 1]
    if "}}" not in before or before.count('"') % 2 or before.count("'") % 2:
        return None
    return trouble.refuse("text goes on after `}}`", _QUOTE_TEMPLATE)


def _placeholder(trouble: _Trouble) -> Finding | None:
    """Explain dots that stand for something that was left out."""
    for number in (trouble.at[0], trouble.at[0] - 1, trouble.began[0]):
        line = trouble.line(number)
        if line.strip() in ("...", "…", "- ..."):
            if line.startswith("..."):
                message = "`...` at the beginning of a line ends the document"
            else:
                message = "`...` is neither a field nor a list item"
            column = len(line) - len(line.lstrip()) + 1
            return trouble.refuse(message, PLACEHOLDER_HINT, at=(number, column))
    return None


def _stuck_colon(trouble: _Trouble) -> Finding | None:
    """Explain `key:value`, which is one word."""
    for number in dict.fromkeys((trouble.began[0], trouble.at[0] - 1)):
        found = _STUCK.match(trouble.line(number))
        if found and trouble.at[0] > number:
            message = f"`{found['word'][:60]}` is one word and no field"
            hint = f"write a space after the colon: `{found['key']}: {found['value'][:60]}`"
            return trouble.refuse(message, hint, at=(number, found.start("word") + 1))
    return None


def _word_alone(trouble: _Trouble) -> Finding | None:
    if "expected ':'" not in trouble.problem:
        return None
    above = trouble.line(trouble.began[0] - 1)
    if _OPEN_BLOCK.search(above):
        hint = "indent the text below it"
        return trouble.refuse("the text of this block must be indented", hint, at=trouble.began)
    word = trouble.line(trouble.began[0])[trouble.began[1] - 1 :].strip()[:60]
    return trouble.refuse(f"`{word}` is neither a field nor a list item: `:` is missing", at=trouble.began)


def _colon_in_text(trouble: _Trouble) -> Finding | None:
    """Explain a second colon in a line."""
    if "mapping values are not allowed" not in trouble.problem:
        return None
    before = trouble.line(trouble.at[0])[: trouble.at[1] - 1]
    if not re.search(r"(?:^|\s)\S*[^\s:]:\s", before):
        return None
    return trouble.refuse("this colon is inside of a text", 'put text that contains ": " into quotes')


def _indentation(trouble: _Trouble) -> Finding | None:
    """Explain a line at a level that nothing else has."""
    line, column = trouble.at
    text = trouble.line(line)
    too_deep = "mapping values are not allowed" in trouble.problem
    if not too_deep and (text[: column - 1].strip() or "did not find expected" not in trouble.problem):
        return None
    found = levels.explained(trouble.lines, line, too_deep=too_deep)
    if found is None:
        return None
    message, hint = found
    return trouble.refuse(message, hint, at=(line, len(text) - len(text.lstrip()) + 1))


def _list_in_line(trouble: _Trouble) -> Finding | None:
    if "block sequence entries" not in trouble.problem:
        return None
    return trouble.refuse("a list cannot begin in the line of its key", "begin it in the next line")


def _block_header(trouble: _Trouble) -> Finding | None:
    if "block scalar" not in trouble.context:
        return None
    mark = trouble.text[trouble.began_index : trouble.began_index + 1]
    return trouble.refuse(
        f"`{mark}` begins a block of text", "begin the text in the next line", at=trouble.at
    )


def _missing_key(trouble: _Trouble) -> Finding | None:
    return trouble.refuse("a key is missing before this colon") if trouble.here == ":" else None


def _tag_or_directive(trouble: _Trouble) -> Finding | None:
    if "tag" not in trouble.problem and "directive" not in trouble.context:
        return None
    return trouble.refuse(f"not YAML: {trouble.problem}", "remove it", code=Code.TAG)


def _after_the_end(trouble: _Trouble) -> Finding | None:
    if "<document start>" not in trouble.problem:
        return None
    return trouble.refuse("the document ended before this", "a file holds one map")


def _otherwise(trouble: _Trouble) -> Finding | None:
    about = f"{trouble.context}: {trouble.problem}" if trouble.context else trouble.problem
    return trouble.refuse(f"not YAML: {about}")


_EXPLANATIONS: Final[tuple[Callable[[_Trouble], Finding | None], ...]] = (
    _byte_order_mark,
    _tab,
    _unclosed_quote,
    _flow,
    _unclosed_at_the_end,
    _character,
    _placeholder,
    _unquoted_template,
    _after_quote,
    _colon_in_text,
    _stuck_colon,
    _word_alone,
    _indentation,
    _list_in_line,
    _block_header,
    _missing_key,
    _tag_or_directive,
    _after_the_end,
    _otherwise,
)
