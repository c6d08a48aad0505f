"""YAML text to plain values, straight from PyYAML's events (libyaml's where there is one).

Differences from YAML 1.1 as PyYAML reads it, all on purpose: dates and `12:30` stay text (`scalars`), a
key that is repeated is a problem, and no tag makes a Python object.  No node is kept: the text is composed
once more when positions are asked for (`places`).
"""

from typing import Any, Final

import yaml
from pydantic import JsonValue
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from polyflow_shared.language.codes import Code
from polyflow_shared.language.findings import Finding, Path, Position, did_you_mean
from polyflow_shared.language.text.json_text import MAX_DEPTH, position_of
from polyflow_shared.language.text.yaml import errors, scalars
from polyflow_shared.language.text.yaml.scalars import CONSTANTS, NUMERIC

MAX_COPIED: Final = 100_000
"""Values that aliases may make, beside one for each character of the text."""

_CHARACTERS: Final = 64
"""Of a text, that weigh as much as one value."""

_SHOWN: Final = 5
"""Parts of the path to what is too deep: its position says more."""

_RESPELLED: Final = frozenset(
    word for word, value in CONSTANTS.items() if isinstance(value, bool) and word not in ("true", "false")
)
_TAGS: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(_TAGS + kind for kind in ("int", "float", "bool", "null"))
_CONTAINER_TAGS: Final = frozenset((None, "!", _TAGS + "map", _TAGS + "seq"))
_TEXT_TAGS: Final = frozenset((None, "!", _TAGS + "str"))


Respelled = dict[Path, str]
"""How words and numbers are written which JSON writes otherwise, by their paths."""

MAX_RESPELLED: Final = 10_000
"""More are not kept: nobody reads as many findings."""


class _RefusedError(Exception):
    """The text can be parsed, and nothing more is read of it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def read(text: str) -> tuple[JsonValue, list[Finding], Respelled]:
    """Return what a YAML text says, what is wrong with it, and how values were written.

    No value where it could not be read.
    """
    reader = _Reader(text)
    try:
        return reader.document(), reader.findings, reader.respelled
    except _RefusedError as error:
        return None, [error.finding], {}
    except yaml.YAMLError as error:
        return None, [errors.finding(text, error)], {}


class _Reader:
    """Makes plain values of events, and notes what is wrong with them."""

    def __init__(self, text: str) -> None:
        parser = yaml.CBaseLoader(text) if yaml.__with_libyaml__ else yaml.BaseLoader(text)
        self.findings: list[Finding] = []
        self.respelled: Respelled = {}
        self._next: Any = parser.get_event
        self._path: list[str | int] = []
        self._anchors: dict[str, tuple[JsonValue, str] | None] = {}  # None: its value has not ended
        self._left = MAX_COPIED + len(text)
        self._text = text

    def document(self) -> JsonValue:
        """Return the only document's value."""
        self._next()  # the stream's start
        if type(self._next()) is StreamEndEvent:
            raise _RefusedError(Finding(Code.EMPTY, "the document is empty", position=(1, 1)))
        value = self._value(self._next())
        while type(event := self._next()) is DocumentEndEvent:
            pass
        if type(event) is not StreamEndEvent:
            raise _RefusedError(errors.another_document(self._start(event)))
        return value

    def _value(self, event: Any) -> JsonValue:
        """Return what begins with an event."""
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        if kind is AliasEvent:
            return self._aliased(event)[0]
        if len(self._path) >= MAX_DEPTH:
            message = f"the document is nested more than {MAX_DEPTH} levels deep"
            raise self._refused(Code.NESTING, message, event)
        if event.tag not in _CONTAINER_TAGS:
            self._note_tag(event)
        if event.anchor is None:
            return self._map() if kind is MappingStartEvent else self._list()
        self._define(event)
        value: JsonValue = self._map() if kind is MappingStartEvent else self._list()
        self._anchors[event.anchor] = value, ""
        return value

    def _scalar(self, event: Any) -> JsonValue:
        text: str = event.value
        value: JsonValue = text
        if event.implicit[0] or event.tag in _PLAIN_TAGS:
            if text in CONSTANTS:
                value = CONSTANTS[text]
                if text in _RESPELLED:
                    self._respell(text)
            elif text[0] in NUMERIC:
                value = self._number(text, event)
        else:
            self._check_text(text, event)
        if event.anchor is not None:
            self._define(event)
            self._anchors[event.anchor] = value, text
        return value

    def _number(self, text: str, event: Any) -> JsonValue:
        try:
            value = scalars.number(text)
        except ValueError as error:
            self._note(Code.NUMBER, str(error), event, hint="if it is a text, write it in quotes")
            return 0
        if value is not text and repr(value) != text:
            self._respell(text)
        return value

    def _respell(self, text: str) -> None:
        if len(self.respelled) < MAX_RESPELLED:
            self.respelled[tuple(self._path)] = text

    def _check_text(self, text: str, event: Any) -> None:
        if event.tag not in _TEXT_TAGS:
            self._note_tag(event)
        if "\0" in text:
            self._note(Code.CHARACTER, "NUL characters are not allowed", event)

    def _list(self) -> list[JsonValue]:
        items: list[JsonValue] = []
        path = self._path
        path.append(0)
        while type(event := self._next()) is not SequenceEndEvent:
            path[-1] = len(items)
            items.append(self._value(event))
        path.pop()
        return items

    def _map(self) -> dict[str, JsonValue]:
        own: dict[str, JsonValue] = {}
        merged: dict[str, JsonValue] = {}
        path = self._path
        path.append("")
        while type(event := self._next()) is not MappingEndEvent:
            key = event.value if type(event) is ScalarEvent else self._key(event)
            path[-1] = key or ""
            if key == "<<" and type(event) is ScalarEvent and event.implicit[0]:
                merged = self._merged(self._next()) | merged
            elif key is None:
                self._value(self._next())
            else:
                if key in own or "\0" in key or event.anchor is not None:
                    self._unusual(key, own, event)
                own[key] = self._value(self._next())
        path.pop()
        return merged | own if merged else own

    def _key(self, event: Any) -> str | None:
        """Return the key that an alias is; note what cannot be one."""
        if type(event) is AliasEvent:
            value, text = self._aliased(event)
            if not isinstance(value, dict | list):
                return text
        else:
            self._path[-1] = "?"
            self._value(event)
        hint = errors.quote_template(event)
        self._path.pop()
        self._note(Code.KEY, "a key must be a word, not a list or a map", event, hint=hint)
        self._path.append("?")
        return None

    def _unusual(self, key: str, own: dict[str, JsonValue], event: Any) -> None:
        if key in own:
            self._note(Code.DUPLICATE_KEY, f"key `{key}` was written before", event)
        if "\0" in key:
            self._note(Code.CHARACTER, "NUL characters are not allowed", event)
        if type(event) is ScalarEvent and event.anchor is not None:
            self._define(event)
            self._anchors[event.anchor] = key, key

    def _merged(self, event: Any) -> dict[str, JsonValue]:
        """Return what a merge key brings: a map, or several of which the first has the last word."""
        value = self._value(event)
        whole: dict[str, JsonValue] = {}
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict):
                whole = source | whole
            else:
                self._note(Code.KEY, "`<<` merges a map, or a list of maps", event)
        return whole

    def _define(self, event: Any) -> None:
        if event.anchor in self._anchors:
            message = f"anchor `&{event.anchor}` was defined before"
            raise self._refused(Code.SYNTAX, message, event, "give it another name")
        self._anchors[event.anchor] = None

    def _aliased(self, event: Any) -> tuple[JsonValue, str]:
        """Return a copy of what an alias stands for, and how it was written."""
        if event.anchor not in self._anchors:
            hint = errors.quote_star(event) or did_you_mean(event.anchor, self._anchors)
            message = f"there is no anchor `&{event.anchor}` before this alias"
            raise self._refused(Code.SYNTAX, message, event, hint)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise self._refused(Code.NESTING, f"alias `*{event.anchor}` contains itself", event)
        value, text = anchored
        return self._copied(value, event, len(self._path)), text

    def _copied(self, value: JsonValue, event: Any, depth: int) -> JsonValue:
        self._left -= 1 + (len(value) // _CHARACTERS if isinstance(value, str) else 0)
        if self._left < 0:
            message = f"aliases multiply this document beyond measure, here by `*{event.anchor}`"
            raise self._refused(Code.EXPANSION, message, event)
        if not isinstance(value, dict | list):
            return value
        if depth >= MAX_DEPTH:
            message = f"aliases nest the document more than {MAX_DEPTH} levels deep"
            raise self._refused(Code.NESTING, message, event)
        if isinstance(value, dict):
            return {key: self._copied(item, event, depth + 1) for key, item in value.items()}
        return [self._copied(item, event, depth + 1) for item in value]

    def _refused(self, code: Code, message: str, event: Any, hint: str = "") -> _RefusedError:
        path = tuple(self._path[:_SHOWN])
        return _RefusedError(Finding(code, message, path, hint, position=self._start(event)))

    def _note_tag(self, event: Any) -> None:
        tag = event.tag.replace(_TAGS, "!!")
        self._note(Code.TAG, f"tag `{tag}` is not allowed", event, hint="remove the tag")

    def _note(self, code: Code, message: str, event: Any, *, hint: str = "") -> None:
        path: Path = tuple(self._path)
        self.findings.append(Finding(code, message, path, hint, position=self._start(event)))

    def _start(self, event: Any) -> Position:
        return position_of(self._text, event.start_mark.index)
