"""Where a notice goes: a param's address, else that of a connection, else the variable `NOTIFY_URL`.

Secrets come from variables only, which a connection's secret sets, or on this machine the environment: params
are shown to whoever may see the run.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from polyflow.gateway import NotDeliveredError

KINDS: Final[Mapping[str, frozenset[str]]] = {
    "webhook": frozenset({"webhook"}),
    "slack": frozenset({"slack", "mattermost"}),
    "email": frozenset({"email"}),
}
"""The kinds of connections that each notifier sends to."""
PATIENCE: Final = 120.0
"""Seconds until a notice that cannot be delivered is given up, where nothing else is said."""
SENDER: Final = "polyflow@localhost"
_CONNECTION: Final = "POLYFLOW_CONNECTION_"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a notice goes, and how.

    Attributes:
        url: an address with scheme and host; it may be a secret.
        token: goes into the header `Authorization`.
        user: of a mail server.
        password: of that user.
        sender: who an e-mail is from.
        recipients: who it is to.
        tls: `starttls` or `none`, for `smtp://`.
        patience: seconds until it is given up.
    """

    url: str
    token: str = ""
    user: str = ""
    password: str = ""
    sender: str = SENDER
    recipients: tuple[str, ...] = ()
    tls: str = "starttls"
    patience: float = PATIENCE

    @property
    def parts(self) -> SplitResult:
        """The address in its parts.

        Raises:
            NotDeliveredError: it is none, or has a user or password in it.
        """
        try:
            parts = urlsplit(self.url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise NotDeliveredError(f"its address is no URL: {error}") from error
        if not host or not parts.scheme:
            raise NotDeliveredError("its address is no URL: write it with scheme and host")
        if parts.username is not None or parts.password is not None:
            hint = "set NOTIFY_TOKEN, or NOTIFY_USER and NOTIFY_PASSWORD, instead"
            raise NotDeliveredError(f"its address has a user or password in it: {hint}")
        return parts

    @property
    def shown(self) -> str:
        """The address without its path, which may be a secret."""
        parts = self.parts
        return f"{parts.scheme}://{parts.netloc}"


def target_of(environment: Mapping[str, str], *, kinds: frozenset[str]) -> Target:
    """Return where a notice goes.

    Args:
        environment: the notifier's.
        kinds: of the connections that it sends to.

    Raises:
        NotDeliveredError: nothing says where to.
    """
    connected = next(_connected(environment, kinds), "")
    url = environment.get("NOTICE_URL") or connected or environment.get("NOTIFY_URL", "")
    if not url:
        hint = "give the param `url`, a `connection` with a `url` in its schema, or the variable NOTIFY_URL"
        raise NotDeliveredError(f"there is no address: {hint}")
    recipients = environment.get("NOTICE_TO") or environment.get("NOTIFY_TO", "")
    return Target(
        url=url,
        token=environment.get("NOTIFY_TOKEN", ""),
        user=environment.get("NOTIFY_USER", ""),
        password=environment.get("NOTIFY_PASSWORD", ""),
        sender=environment.get("NOTICE_SENDER") or environment.get("NOTIFY_SENDER") or SENDER,
        recipients=tuple(one.strip() for one in recipients.split(",") if one.strip()),
        tls=environment.get("NOTICE_TLS") or environment.get("NOTIFY_TLS") or "starttls",
        patience=float(environment.get("NOTICE_PATIENCE") or PATIENCE),
    )


def _connected(environment: Mapping[str, str], kinds: frozenset[str]) -> Iterator[str]:
    for name in sorted(environment):
        if name.startswith(_CONNECTION):
            told: Any = json.loads(environment[name])
            if told.get("kind") in kinds and told.get("url"):
                yield str(told["url"])
