"""Fields of a request beside its specification: what is said of one that is wrong."""

from tests.unit.spec_validator.requests import JOB, ask


def test_a_field_of_the_request_is_refused_in_the_words_of_specifications():
    said = {
        "tags": ("abc", "`tags`: this should be a list, not `abc`", "write `[abc]`"),
        "presets": ([3], "`presets`: this should be a text, not `3`", "write it in quotes"),
        "overlays": ([{"name": "f.yaml"}], "field `text` is required", ""),
    }
    for name, (value, message, hint) in said.items():
        (rejected,) = ask(JOB, **{name: value})
        (problem,) = rejected.problems
        assert (problem.message, problem.hint) == (message, hint)
