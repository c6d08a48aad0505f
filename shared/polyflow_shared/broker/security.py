"""How a client proves to Apache Kafka who it is, and how the two keep others from listening."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from ssl import SSLContext

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSecurity:
    """The security of a connection, in Kafka's own words.

    Attributes:
        protocol: `SSL` and `SASL_SSL` encrypt, `SASL_PLAINTEXT` and `SASL_SSL` ask for a password.
        mechanism: how the password is proved, where one is asked for.
        username: whose it is.
        password: never shown.
        authority: PEM file of whom the broker may be vouched for by; whom the machine trusts if none.
        certificate: PEM file of this client's certificate, where the broker asks for one.
        key: PEM file of its key; in the certificate's file if none.
        key_password: of the key, if it has one; never shown.  Nobody is asked for it.
    """

    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "PLAIN"
    username: str = ""
    password: str = field(default="", repr=False)
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    key_password: str = field(default="", repr=False)

    @property
    def encrypts(self) -> bool:
        """Whether the connection is encrypted, and the broker's certificate looked at."""
        return self.protocol.endswith("SSL")

    @property
    def authenticates(self) -> bool:
        """Whether a user name and a password are sent."""
        return self.protocol.startswith("SASL")

    def context(self) -> "SSLContext | None":
        """Return what encrypts, or None where nothing does.

        Raises:
            OSError: a file cannot be read, or is not what it should be.
        """
        if not self.encrypts:
            return None
        from ssl import create_default_context  # noqa: PLC0415 -- only where it is asked for

        context = create_default_context(cafile=self.authority)
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key, self.key_password)
        return context

    def options(self) -> dict[str, Any]:
        """Return what a client of aiokafka is told.

        Raises:
            OSError: a file cannot be read, or is not what it should be.
        """
        told: dict[str, Any] = {"security_protocol": self.protocol, "ssl_context": self.context()}
        if self.authenticates:
            told["sasl_mechanism"] = self.mechanism
            told["sasl_plain_username"] = self.username
            told["sasl_plain_password"] = self.password
        return told


OPEN: Final = KafkaSecurity()
"""No security at all."""
