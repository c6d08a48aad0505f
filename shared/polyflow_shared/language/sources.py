"""The documents that a specification is made of: collected over all references, before layers are composed.

Pure but for the port `Fetch`, which a caller fills in: the command line reads files and hubs, the service
takes what came with the request.  The composer asks `Sources.of`, which costs a look into a table.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from polyflow_shared.language import dialects
from polyflow_shared.language.codes import Code
from polyflow_shared.language.document import Document
from polyflow_shared.language.findings import Finding, Locate, under
from polyflow_shared.language.references import Mention, Reference, ReferenceKind, mentions, resolved

if TYPE_CHECKING:
    from polyflow_shared.language.schema import Specification

Fetch = Callable[[Reference], str | Finding]
"""Return the text that a reference leads to, or why there is none, as a finding without a path.

May block; is asked for each reference once.
"""
Read = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be collected."""

    documents: int = 1000
    size: int = 16 * 1024 * 1024
    """Bytes of all documents together."""


@dataclass(frozen=True)
class Referenced:
    """A document that was collected.

    Attributes:
        reference: where it stands; who asks what it refers to in turn names it as the owner.
        text: what was read.
        document: what it says.
    """

    reference: Reference
    text: str = field(repr=False)
    document: Document = field(repr=False)

    @cached_property
    def specification(self) -> "Specification":
        """Its models, and what is wrong with its text and its fields, by paths that begin with its source."""
        from polyflow_shared.language import schema  # noqa: PLC0415 (who only collects needs no models)

        found = list(self.document.findings)
        if self.document.value is None:
            return schema.Specification(None, under((self.reference.source,), found))
        read = schema.read(self.document.value)
        return replace(read, findings=under((self.reference.source,), [*found, *read.findings]))


class Referring(Protocol):
    """An operation or component, as far as it refers to other documents."""

    @property
    def path_ref(self) -> str | None:
        """The path of a file."""

    @property
    def hub_ref(self) -> str | None:
        """A component in the hub."""

    @property
    def url_ref(self) -> str | None:
        """A URL."""


_SHOWN: Final = 20
"""Documents of a cycle that are named."""
_Key = tuple[Reference, ReferenceKind, str]


class Sources:
    """What every reference leads to, by the document that it is written in."""

    def __init__(self, answers: Mapping[_Key, Referenced | Finding], fetched: Sequence[Referenced]) -> None:
        """Take over the answers; made by `collect`."""
        self._answers = answers
        self.fetched = fetched
        """All documents that were fetched, in the order of their mention."""
        self._by_source: Mapping[str, Referenced] = {one.reference.source: one for one in fetched}
        self.locates: Mapping[str, Locate] = {one.reference.source: one.document.locate for one in fetched}
        """Finds positions in the documents, by the source that paths into them begin with."""

    def get(self, owner: Reference, kind: ReferenceKind, text: str) -> Referenced | Finding:
        """Return the document that a mention leads to, or why there is none.

        Args:
            owner: the document with the mention.
            kind: the field of the mention.
            text: what is written in it.

        Returns:
            A finding has no path: it belongs to the place of the mention.
        """
        answer = self._answers.get((owner, kind, text))
        return answer if answer is not None else _not_collected(kind, text)

    def of(self, owner: Reference, operation: Referring) -> Referenced | Finding | None:
        """Return what an operation or component in a document refers to; None if to no other document."""
        if operation.path_ref is not None:
            return self.get(owner, ReferenceKind.PATH, operation.path_ref)
        if operation.hub_ref is not None:
            return self.get(owner, ReferenceKind.HUB, operation.hub_ref)
        if operation.url_ref is not None:
            return self.get(owner, ReferenceKind.URL, operation.url_ref)
        return None

    def specification(self, source: str) -> "Specification | None":
        """Return the models of a document that was fetched, by the source that paths into it begin with."""
        found = self._by_source.get(source)
        return found.specification if found is not None else None

    def failures(self) -> Iterator[tuple[_Key, Finding]]:
        """Yield the mentions that lead to nothing, each with the reason."""
        return ((key, answer) for key, answer in self._answers.items() if isinstance(answer, Finding))


def _not_collected(kind: ReferenceKind, text: str) -> Finding:
    return Finding(Code.REFERENCE_MISSING, f"{kind.value} `{text}` was not collected")


NOTHING: Final = Sources({}, ())
"""For specifications that refer to no other document."""


def collect(
    given: Sequence[tuple[Reference, Document]],
    fetch: Fetch,
    *,
    limits: Limits = Limits(),
    read: Read = dialects.read,
) -> Sources:
    """Return everything that some documents refer to, and what that refers to in turn.

    Whatever goes wrong is an answer to the mention that it belongs to; a mention that would close a cycle has
    the cycle as its answer, so that who follows the answers comes to an end.

    Args:
        given: the documents to begin with, and where each one stands.
        fetch: returns the text that a reference leads to.
        limits: how much may be collected.
        read: makes a document of a text.
    """
    collection = _Collection(fetch, limits, read)
    for place, one in given:
        collection.begin(place, one)
    collection.finish()
    collection.cut_cycles([place for place, _ in given])
    return Sources(collection.answers, collection.fetched)


class _Collection:
    """What has been collected so far."""

    def __init__(self, fetch: Fetch, limits: Limits, read: Read) -> None:
        self.answers: dict[_Key, Referenced | Finding] = {}
        self.fetched: list[Referenced] = []
        self._fetch = fetch
        self._limits = limits
        self._read = read
        self._size = 0
        self._known: dict[Reference, Referenced | Finding] = {}
        self._seen: set[tuple[_Key, bool]] = set()
        self._layers: dict[Reference, dict[Reference, list[_Key]]] = {}
        """What is a layer of what, and the mentions that make it one."""
        self._waiting: deque[tuple[Reference, Document]] = deque()

    def begin(self, place: Reference, given: Document) -> None:
        """Take in a document that need not be fetched."""
        if place.name:
            self._known.setdefault(place, Referenced(place, "", given))
        self._waiting.append((place, given))

    def finish(self) -> None:
        """Fetch until nothing is left that anything refers to."""
        while self._waiting:
            owner, one = self._waiting.popleft()
            for mention in mentions(one.value):
                self._answer(owner, mention)

    def _answer(self, owner: Reference, mention: Mention) -> None:
        key = (owner, mention.kind, mention.text)
        if (key, mention.apart) in self._seen:
            return
        self._seen.add((key, mention.apart))
        target = resolved(mention.kind, mention.text, owner)
        if isinstance(target, Finding):
            self.answers[key] = target
            return
        self.answers[key] = self._document(target)
        if not mention.apart:
            self._layers.setdefault(owner, {}).setdefault(target, []).append(key)

    def _document(self, target: Reference) -> Referenced | Finding:
        if target not in self._known:
            self._known[target] = found = self._fetched(target)
            if isinstance(found, Referenced):
                self.fetched.append(found)
                self._waiting.append((target, found.document))
        return self._known[target]

    def _fetched(self, target: Reference) -> Referenced | Finding:
        if len(self.fetched) >= self._limits.documents:
            return _beyond(target, f"{self._limits.documents:,} documents")
        text = self._fetch(target)
        if isinstance(text, Finding):
            return text
        size = len(text.encode("utf-8", "surrogatepass"))
        if self._size + size > self._limits.size:
            return _beyond(target, f"{self._limits.size:,} bytes in all")
        self._size += size
        return Referenced(target, text, self._read(text))

    def cut_cycles(self, tops: Sequence[Reference]) -> None:
        """Answer each mention that closes a cycle with the cycle."""
        done: set[Reference] = set()
        for top in tops:
            for links in _cycles(top, self._layers, done):
                finding = Finding(Code.REFERENCE_CYCLE, f"references go in a circle: {_chain(links)}")
                for key in self._layers[links[-1]][links[0]]:
                    self.answers[key] = finding


def _beyond(target: Reference, limit: str) -> Finding:
    message = f"{target}: references lead to more than {limit}"
    return Finding(Code.REFERENCE_LIMIT, message)


def _chain(links: Sequence[Reference]) -> str:
    """Return a cycle as text; the middle of a long one is left out."""
    names = [str(link) for link in (*links, links[0])]
    if len(names) > _SHOWN:
        names = [*names[: _SHOWN // 2], "…", *names[-_SHOWN // 2 :]]
    return " -> ".join(names)


def _cycles(
    top: Reference, layers: Mapping[Reference, Mapping[Reference, object]], done: set[Reference]
) -> Iterator[Sequence[Reference]]:
    """Yield the links of each cycle that a search depth first comes upon; cut at their ends, none is left.

    Args:
        top: where to begin.
        layers: what leads where.
        done: documents from which everything was seen; grows.
    """
    chain = [(top, iter(layers.get(top, ())))]
    depths = {top: 0}
    while chain:
        here, targets = chain[-1]
        target = next(targets, None)
        if target is None:
            done.add(here)
            del depths[here]
            chain.pop()
        elif target in depths:
            links = chain[depths[target] :]
            yield [link for link, _ in (*links[:_SHOWN], *links[_SHOWN:][-_SHOWN:])]
        elif target not in done:
            depths[target] = len(chain)
            chain.append((target, iter(layers.get(target, ()))))
