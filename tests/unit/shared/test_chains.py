"""Chains among rows behave as lists do."""

from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.deciding.chains import ROWS, Chain
from polyflow_shared.deciding.draft import Draft
from polyflow_shared.deciding.rows import RowCodec, StoredRows

NAMES = st.sampled_from("abcd")
STEPS = st.lists(st.tuples(st.sampled_from(["append", "remove"]), NAMES), max_size=30)


@given(STEPS)
def test_a_chain_is_a_list_without_repetitions(steps):
    rows = Draft(StoredRows(RowCodec(ROWS)))
    chain, known = Chain(rows, "c"), []
    for verb, name in steps:
        if verb == "append":
            chain.append(name)
            known += [name] if name not in known else []
        else:
            chain.remove(name)
            known = [one for one in known if one != name]
        assert (len(chain), chain.first) == (len(known), known[0] if known else "")
        assert list(chain) == known
        assert [name in chain for name in "abcd"] == [name in known for name in "abcd"]
    seen = []
    while chain.first:
        seen.append(chain.first)
        chain.remove(chain.first)
    assert seen == known
    assert set(rows.writes.values()) <= {None}
