"""A specification checked from this machine: its file read, its references collected, nothing run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from polyflow.specifications.collecting import NotReadableError, Options, collected, documents_of, read_file
from polyflow_services.spec_validator.checked import Checked, check_document
from polyflow_services.spec_validator.gathering import laid_over
from polyflow_services.spec_validator.requests import reading
from polyflow_services.spec_validator.shape.around import Around
from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import Finding
from polyflow_shared.language.references import file_reference


@dataclass(frozen=True, slots=True)
class Checking:
    """A checked text.

    Attributes:
        file: what it is called.
        text: what it is; empty where it could not be read.
        checked: what is to say of it.
        others: what it refers to and what is laid over it: texts, by the names that problems call them by.
    """

    file: str
    text: str
    checked: Checked
    others: Mapping[str, str] = field(default_factory=dict)


def check_file(path: Path, options: Options) -> Checking:
    """Return what is to say of a file; one that cannot be read is refused for that."""
    file = str(path)
    try:
        data = read_file(path)
    except NotReadableError as error:
        message = str(error).removeprefix(f"{path}: ")
        nothing = Document(None, [Finding(Code.UNREADABLE, message, position=(1, 1))])
        return Checking(file, "", check_document(nothing, file=file))
    return check_text(data, file=file, options=options)


def check_text(data: bytes, *, file: str, options: Options) -> Checking:
    """Return what is to say of a text.

    Args:
        data: YAML or JSON.
        file: what it is called; its references are relative to it.
        options: what it is checked with.
    """
    read = reading.read(data)
    overlays = documents_of(options)
    sources = collected(read, file, options)
    around = laid_over(Around(params=options.params, sources=sources, owner=file_reference(file)), overlays)
    others: dict[str, str] = {one.reference.source: one.text for one in sources.fetched}
    others |= {place.source: one.text for (place, _), one in zip(overlays, options.overlays, strict=True)}
    checked = check_document(read, file=file, around=around)
    return Checking(file, data.decode("utf-8", "replace").removeprefix("\ufeff"), checked, others)
