"""Log lines: a constant event name, and everything that varies as a key.

Built on the standard library's logging, so that lines of libraries come out in the same form.  JSON in a
container or a file, plain text with colours on a terminal.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Literal, TextIO

LogFormat = Literal["auto", "json", "plain"]
"""`auto`: plain on a terminal, JSON elsewhere."""

_NO_KEYS: Final[Mapping[str, object]] = MappingProxyType({})
_COLOURS: Final = {"debug": "\x1b[2m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_RESET: Final = "\x1b[0m"


class Log:
    """Writes events with keys.  Where a level is off, nothing is formatted."""

    def __init__(self, logger: logging.Logger, keys: Mapping[str, object] = _NO_KEYS) -> None:
        """Write to this logger; `keys` are on every line."""
        self._logger = logger
        self._keys = keys

    def bind(self, **keys: object) -> "Log":
        """Return a log that has these keys on every line as well."""
        return Log(self._logger, {**self._keys, **keys})

    def debug(self, event: str, **keys: object) -> None:
        """Say what only a developer wants to know."""
        self._write(logging.DEBUG, event, keys)

    def info(self, event: str, **keys: object) -> None:
        """Say that something changed."""
        self._write(logging.INFO, event, keys)

    def warning(self, event: str, **keys: object) -> None:
        """Say that something was set aside or is tried again."""
        self._write(logging.WARNING, event, keys)

    def error(self, event: str, *, cause: BaseException | None = None, **keys: object) -> None:
        """Say that a human is needed; of a cause its traceback."""
        self._write(logging.ERROR, event, keys, cause)

    def _write(
        self, level: int, event: str, keys: Mapping[str, object], cause: BaseException | None = None
    ) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, event, exc_info=cause, extra={"keys": {**self._keys, **keys}})


def log_of(service: str) -> Log:
    """Return the log of a service."""
    return Log(logging.getLogger(f"polyflow.{service}"), {"service": service})


def configure(level: str, log_format: LogFormat = "auto", stream: TextIO | None = None) -> None:
    """Send all lines of this level and above to a stream.

    Args:
        level: `debug`, `info`, `warning` or `error`; libraries stay at `warning` unless it is `debug`.
        log_format: how a line looks.
        stream: where to; standard error if not given.
    """
    target = stream or sys.stderr
    plain = log_format == "plain" or (log_format == "auto" and target.isatty())
    handler = _Lines(target)
    handler.setFormatter(PlainFormatter(colours=target.isatty()) if plain else JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    logging.getLogger("polyflow").setLevel(level.upper())


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines for as long as that is possible."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Drop a line that cannot be written, on a full disk say; a mistake in our own call is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_keys_of(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class PlainFormatter(logging.Formatter):
    """Time, level, event, keys: for eyes."""

    def __init__(self, *, colours: bool) -> None:
        """Colour the line by its level, or not."""
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        level = record.levelname.lower()
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S.%f")[:-3]
        keys = " ".join(f"{name}={value}" for name, value in _keys_of(record).items())
        line = f"{time} {level:7} {record.getMessage()} {keys}".rstrip()
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        colour = _COLOURS.get(level) if self._colours else None
        return f"{colour}{line}{_RESET}" if colour else line


def _keys_of(record: logging.LogRecord) -> Mapping[str, object]:
    """Return the keys of one of our lines; of a library's line, the name of its logger."""
    keys: Mapping[str, object] = getattr(record, "keys", {"logger": record.name})
    return keys
