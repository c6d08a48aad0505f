"""Sends one notice: `python -m polyflow.notify webhook|slack|email`; exit status 1 where it is not taken."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Final

from polyflow.gateway import NotDeliveredError, deliver
from polyflow.notify import forms, mail, post
from polyflow.notify.notice import Notice, notice_of
from polyflow.notify.target import KINDS, Target, target_of

Once = Callable[[], None]


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Send what the environment tells; return the exit status.

    Args:
        arguments: one word, the notifier.
        environment: `NOTICE` is what is told, `NOTICE_…`, connections and `NOTIFY_…` where to.
    """
    if len(arguments) != 1 or arguments[0] not in _SENDERS:
        sys.stderr.write(f"polyflow.notify: name one of {', '.join(_SENDERS)}\n")
        return 2
    try:
        target = target_of(environment, kinds=KINDS[arguments[0]])
        deliver(_SENDERS[arguments[0]](notice_of(environment), target), target.patience)
    except NotDeliveredError as error:
        sys.stderr.write(f"polyflow.notify: not delivered: {error}\n")
        return 1
    sys.stdout.write(f"delivered to {target.shown}\n")
    return 0


def _webhook(notice: Notice, target: Target) -> Once:
    return lambda: post.send(target, forms.cloud_event(notice), forms.CLOUD_EVENT)


def _slack(notice: Notice, target: Target) -> Once:
    return lambda: post.send(target, forms.slack(notice), forms.JSON)


def _email(notice: Notice, target: Target) -> Once:
    letter = forms.letter(notice, sender=target.sender, recipients=target.recipients)
    return lambda: mail.send(target, letter)


_SENDERS: Final[Mapping[str, Callable[[Notice, Target], Once]]] = {
    "webhook": _webhook,
    "slack": _slack,
    "email": _email,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
