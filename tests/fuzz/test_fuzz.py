"""What was found once stays mended; a few fresh inputs each time; and the fuzzer itself finds what is wrong."""

import pytest

from tests.fuzz.inputs import GENERATORS, made
from tests.fuzz.judge import Failure, judged
from tests.fuzz.material import HERE, Material, files, material
from tests.fuzz.minimise import smaller

FOUND = sorted(HERE.glob("found/*.input"))


@pytest.fixture(scope="module")
def seeds() -> Material:
    return material()


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_is_mended(path):
    assert judged(path.read_bytes()) is None


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_seeds_are_treated_well(path):
    assert judged(path.read_bytes()) is None


def test_a_few_inputs_are_treated_well(seeds):
    failures = [(number, failure) for number in range(300) if (failure := judged(made(0, number, seeds)[1]))]
    assert failures == []


def test_a_number_stands_for_one_input(seeds):
    assert [made(7, number, seeds) for number in range(50)] == [
        made(7, number, seeds) for number in range(50)
    ]


def test_all_generators_take_part(seeds):
    assert {made(0, number, seeds)[0] for number in range(500)} == set(GENERATORS)


def test_an_exception_is_a_failure():
    def raises(_text):
        raise KeyError("x")

    assert judged(b"a", raises).what == "KeyError in no code of ours"


def test_what_takes_longer_than_a_second_is_a_failure():
    def hangs(_text):
        while True:
            pass

    assert judged(b"a", hangs).what.startswith("takes too long")


def test_a_complaint_is_a_failure():
    assert judged(b"a", lambda _text: "no position") == Failure("no position", "no position")


def test_a_failing_input_becomes_small():
    text = b"one: 1\ntwo: [a, b]\nthree: 3\n" * 20 + b"bad: {x: y}\n" + b"four: 4\n" * 20
    assert smaller(text, lambda part: b"x" in part and b"{" in part, seconds=20) == b"{x"


def test_what_does_not_fail_stays_as_it_is():
    assert smaller(b"a b\nc", lambda _part: False, seconds=20) == b"a b\nc"
