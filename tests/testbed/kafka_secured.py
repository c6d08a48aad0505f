"""The test bed's Kafka with listeners that ask for passwords and certificates, which are made for it.

It has an authorizer: `polyflow` may do everything, as may whoever shows the client's certificate or comes by the
open listener; another account may do what it is granted.
"""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.testbed import kafka
from tests.testbed.processes import free_ports, program, run

USERNAME: Final = "polyflow"
PASSWORD: Final = "correct horse"
_MODULE: Final = "org.apache.kafka.common.security"
_LISTENERS: Final = """
listeners=PLAINTEXT://127.0.0.1:{open},SASL_PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{scram},SSL://127.0.0.1:{mutual},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{open},SASL_PLAINTEXT://127.0.0.1:{plain},SASL_SSL://127.0.0.1:{scram},SSL://127.0.0.1:{mutual}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT
listener.name.sasl_plaintext.sasl.enabled.mechanisms=PLAIN
listener.name.sasl_ssl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl_plaintext.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasl_ssl.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_{user}="{password}";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config={module}.scram.ScramLoginModule required;
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/authority.crt
listener.name.ssl.ssl.client.auth=required
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{user};User:CN=client
"""


@dataclass(frozen=True, slots=True)
class SecuredKafka:
    """A broker that answers.

    Attributes:
        folder: has `authority.crt`, and `client.crt` and `client.key`, which it has signed.
        plain: the address that asks for a password, without encryption.
        scram: the address that asks for a password by SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN, over TLS.
        mutual: the address that asks for a certificate, over TLS.
        open: the address that asks for nothing, for whoever looks after the broker.
    """

    folder: Path
    plain: str
    scram: str
    mutual: str
    open: str


@asynccontextmanager
async def secured_kafka(accounts: Sequence[str] = ()) -> AsyncIterator[SecuredKafka]:
    """Yield a broker of its own, with further accounts of the same password; its data goes in the end."""
    with tempfile.TemporaryDirectory(prefix="polyflow-kafka-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        scrams = [
            f"--add-scram={mechanism}=[name={name},password={PASSWORD}]"
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for name in (USERNAME, *accounts)
        ]
        server = kafka.prepare(folder, *scrams)
        _certify(folder)
        plain, scram, mutual = free_ports(3)
        properties = folder / "server.properties"
        lines = properties.read_text().splitlines()
        voters = next(line for line in lines if line.startswith("controller.quorum.voters="))
        # A later line holds against an earlier one.
        settings = _LISTENERS.format(
            open=server.port, plain=plain, scram=scram, mutual=mutual, controller=voters.rpartition(":")[2],
            module=_MODULE, user=USERNAME, password=PASSWORD, folder=folder,
        )  # fmt: skip
        properties.write_text("\n".join(lines) + settings)
        try:
            await server.start()
            addresses = [f"127.0.0.1:{port}" for port in (plain, scram, mutual)]
            yield SecuredKafka(folder, *addresses, open=server.bootstrap)
        finally:
            await server.stop()


def _certify(folder: Path) -> None:
    """Make an authority, and certificates of the broker and of a client that it has signed."""
    _openssl(folder, "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=test bed", *_key("authority"))
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("broker", "client"):
        _openssl(folder, "req", "-new", "-nodes", "-subj", f"/CN={name}", *_key(name, certificate="csr"))
        _openssl(
            folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "authority.crt", "-CAkey", "authority.key",
            "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", f"{name}.crt",
        )  # fmt: skip
    parts = [(folder / f"broker.{part}").read_text() for part in ("key", "crt")]
    (folder / "broker.pem").write_text("".join(parts))


def _key(name: str, certificate: str = "crt") -> list[str]:
    return ["-newkey", "rsa:2048", "-keyout", f"{name}.key", "-out", f"{name}.{certificate}"]


def _openssl(folder: Path, *words: str) -> None:
    run([program("openssl", "OpenSSL (Debian: apt install openssl)"), *words], cwd=folder)
