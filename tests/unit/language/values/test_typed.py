"""The types of inputs and outputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyflow_shared.language.values.typed import TypeNameError, ValueTypeError, coerce, parsed_type

FITS = [
    ("int", "12", 12),
    ("int", True, 1),
    ("int", 2.0, 2),
    ("int", 0, 0),
    ("float", 1, 1.0),
    ("float", "1e-3", 0.001),
    ("bool", "no", False),
    ("bool", 1, True),
    ("str", 1, "1"),
    ("str", "", ""),
    ("str", False, "false"),
    ("any", None, None),
    ("Any", [1], [1]),
    ("list", "[1, 2]", [1, 2]),
    ("List[int]", ["1"], [1]),
    ("Dict[str, float]", {"a": 1}, {"a": 1.0}),
    ("Optional[int]", None, None),
    ("Optional[int]", "3", 3),
    ("date", "2026-01-31", "2026-01-31"),
    ("datetime", "2026-01-31T10:30:00", "2026-01-31T10:30:00"),
    ("timedelta", "PT2M", 120.0),
    ("timedelta", "1d", 86400.0),
    ("timedelta", "01:00:01", 3601.0),
    ("timedelta", 90, 90.0),
    ("uri", "gs://a/b", "gs://a/b"),
    ("url", "https://a", "https://a"),
    ("s3", "s3://a", "s3://a"),
    ("uuid", "6f1d2f5e8c1a5b0e9a527d0c6f2b3a10", "6f1d2f5e-8c1a-5b0e-9a52-7d0c6f2b3a10"),
    ("metric", 0, 0.0),
    ("PositiveInt", "3", 3),
    ("dict", '{"a": 1}', {"a": 1}),
    (None, {"a": [None]}, {"a": [None]}),
    ("date", "2026-01-31T00:00:00", "2026-01-31"),
    ("uri", "user:secret@host:5432/db", "user:secret@host:5432/db"),
    ("wasb", "abfs://container/path", "abfs://container/path"),
    ("email", "ann@example.org", "ann@example.org"),
    ("image", "registry:5000/team/image:1.2", "registry:5000/team/image:1.2"),
    ("git", {"url": "https://a/b", "revision": "main"}, {"url": "https://a/b", "revision": "main"}),
    ("artifacts", {"files": [["a", "b"]]}, {"files": [["a", "b"]]}),
    ("dockerfile", '{"image": "a:1"}', {"image": "a:1"}),
    ("Union[int, str]", "3", "3"),
    ("Union[int, str]", 3, 3),
    ("Union[int, float]", "2.5", 2.5),
    ("ByteSize", "10KiB", 10_240),
    ("ByteSize", 7, 7),
    ("SecretStr", "x", "x"),
    ("PastDate", "2026-01-31", "2026-01-31"),
    ("FutureDate", "2026-01-31", "2026-01-31"),
    ("ListStr", "a, b", ["a", "b"]),
    ("PaymentCardNumber", "4242424242424242", "4242424242424242"),
]
MISFITS = [
    ("int", 1.5),
    ("int", "abc"),
    ("int", None),
    ("int", [1]),
    ("float", "x"),
    ("float", "nan"),
    ("bool", "maybe"),
    ("bool", 2),
    ("str", {"a": 1}),
    ("str", None),
    ("list", "x"),
    ("List[int]", ["a"]),
    ("Dict[int, str]", {"a": "b"}),
    ("date", "2026-13-01"),
    ("timedelta", "soon"),
    ("s3", "gs://a"),
    ("uri", "no-scheme"),
    ("uuid", "1"),
    ("PositiveInt", 0),
    ("StrictInt", "1"),
    ("StrictInt", True),
    ("date", 5),
    ("int", 1e400),
    ("int", "9" * 5000),
    ("date", "2026-01-31T10:30:00"),
    ("uri", "user@"),
    ("wasb", "s3://a"),
    ("email", "ann@"),
    ("image", ""),
    ("image", "a b"),
    ("image", 1),
    ("git", {"link": "https://a/b"}),
    ("artifacts", ["a"]),
    ("file", {"filename": "a"}),
    ("Union[int, bool]", "maybe"),
    ("ByteSize", "much"),
    ("ByteSize", "1e400MB"),
    ("ByteSize", True),
    ("SecretStr", 1),
    ("Json", "{"),
    ("Json", "[" * 5000),
    ("ListStr", 3),
    ("PaymentCardNumber", "4242424242424241"),
]


def test_json_is_read_from_text():
    assert coerce("Json", '{"a": [1, 2]}') == {"a": [1, 2]}
    assert coerce("Json", {"a": 1}) == {"a": 1}


@pytest.mark.parametrize(("kind", "value", "wanted"), FITS)
def test_a_value_becomes_what_its_type_wants(kind, value, wanted):
    found = coerce(kind, value)
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize(("kind", "value"), MISFITS)
def test_a_misfit_is_refused_with_its_type(kind, value):
    with pytest.raises(ValueTypeError, match="is not"):
        coerce(kind, value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("string", "str"), ("integer", "int"), ("flot", "float"), ("boolean", "bool"), ("Lst[int]", "List")],
)
def test_an_unknown_type_has_a_suggestion(name, hint):
    with pytest.raises(TypeNameError, match=f"did you mean `{hint}`"):
        parsed_type(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "int[",
        "List[int",
        "List[]",
        "Dict[str]",
        "int[str]",
        "List[int]]",
        "[",
        "List[" * 50,
        "Union",
        "Union[]",
        "Tuple[int]",
        "conint(gt=1)",
        "Literal['a']",
    ],
)
def test_a_malformed_type_is_refused(name):
    with pytest.raises(TypeNameError):
        parsed_type(name)


@given(
    st.sampled_from([kind for kind, _, _ in FITS]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
)
def test_coercion_settles(kind, value):
    try:
        once = coerce(kind, value)
    except ValueTypeError:
        return
    # Twins by their text: NaN is not equal to itself.
    assert repr(coerce(kind, once)) == repr(once)
