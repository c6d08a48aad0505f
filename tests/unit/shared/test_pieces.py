"""A crash while a batch is saved leaves whole decisions, never half of one."""

from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.deciding.rows import Row, RowCodec
from polyflow_shared.loops.changelog import PIECE_BYTES, Pieces


class TextRow(Row, frozen=True, array_like=True, tag="text.v1"):
    text: str


CODEC = RowCodec([TextRow])
texts = st.builds(lambda size: TextRow("x" * size), st.sampled_from([0, 10, PIECE_BYTES // 3, PIECE_BYTES]))
decisions = st.lists(st.dictionaries(st.sampled_from("abcdef"), st.none() | texts, max_size=3), max_size=8)


def pieces_of(*writes):
    pieces = Pieces(CODEC)
    for each in writes:
        pieces.add(each)
    return pieces.pieces


def test_small_decisions_share_a_piece_and_the_last_word_counts():
    one, two = TextRow("1"), TextRow("2")
    assert pieces_of({"a": one, "b": one}, {}, {"a": two, "b": None}) == [{"a": CODEC.encode(two), "b": None}]


def test_nothing_changed_is_no_piece():
    assert pieces_of({}, {}) == []


@given(decisions)
def test_every_piece_ends_where_a_decision_ends(writes):
    pieces = pieces_of(*writes)
    states, state = [{}], {}
    for each in writes:
        state = state | {key: row and CODEC.encode(row) for key, row in each.items()}
        states.append(state)
    saved = {}
    for piece in pieces:
        saved = saved | piece
        assert saved in states
    assert saved == state


@given(decisions)
def test_a_piece_is_kept_whole_by_the_broker_unless_one_decision_alone_is_larger(writes):
    largest = max((size_of(each) for each in writes), default=0)
    for piece in pieces_of(*writes):
        assert sum(len(key) + len(value or b"") for key, value in piece.items()) <= max(PIECE_BYTES, largest)


def size_of(writes):
    return sum(len(key) + (len(CODEC.encode(row)) if row else 0) for key, row in writes.items())
