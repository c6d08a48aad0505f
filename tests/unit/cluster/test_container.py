import pytest

from polyflow_shared.cluster.local.container import inherit, invocation, not_found
from polyflow_shared.variables import expand
from polyflow_topics.plan import Container

EXPANSIONS = {
    "a known name is replaced": ("x $(A) y", "x 1 y"),
    "an unknown name stays": ("$(B)", "$(B)"),
    "a doubled dollar escapes": ("$$(A)", "$(A)"),
    "two doubled dollars, then a name": ("$$$(A)", "$1"),
    "a doubled dollar alone is one": ("$$", "$"),
    "a dollar before anything else stays": ("$A ${A} $", "$A ${A} $"),
    "an unclosed name stays": ("$(A", "$(A"),
    "names side by side": ("$(A)$(A)", "11"),
    "what was put in is not read again": ("$(LOOP)", "$(A)"),
    "an empty name stays": ("$()", "$()"),
}


@pytest.mark.parametrize(("text", "expected"), EXPANSIONS.values(), ids=EXPANSIONS.keys())
def test_names_are_replaced_as_kubernetes_does(text, expected):
    assert expand(text, {"A": "1", "LOOP": "$(A)"}) == expected


def test_command_and_args_are_one_line_of_words_without_a_shell():
    what = invocation(
        Container(command=("echo", "a b"), args=("$(POLYFLOW_RUN)", "*")), {"POLYFLOW_RUN": "r"}, {}
    )
    assert what.words == ["echo", "a b", "r", "*"]


def test_args_without_a_command_are_nothing_to_start():
    assert invocation(Container(args=("a",)), {}, {}).words == []


def test_variables_see_those_before_them_and_not_the_machines():
    container = Container(command=("x",), env={"A": "$(POLYFLOW_RUN)", "B": "$(A)/$(C)/$(HOME)", "C": "c"})
    what = invocation(container, {"POLYFLOW_RUN": "r"}, {"HOME": "/root", "A": "machine"})
    assert what.environment == {
        "HOME": "/root",
        "POLYFLOW_RUN": "r",
        "A": "r",
        "B": "r/$(C)/$(HOME)",
        "C": "c",
    }


def test_a_container_cannot_change_what_polyflow_tells():
    container = Container(command=("$(POLYFLOW_OUTPUTS)",), env={"POLYFLOW_OUTPUTS": "/etc/passwd"})
    what = invocation(container, {"POLYFLOW_OUTPUTS": "/run"}, {})
    assert (what.words, what.environment) == (["/run"], {"POLYFLOW_OUTPUTS": "/run"})


def test_our_own_settings_are_not_inherited():
    inherited = inherit(
        {"POLYFLOW_PLANNER_PASSWORD": "x", "POLYFLOW_HOME": "/h", "PATH": "/bin"}, "/venv/bin"
    )
    assert inherited == {"PYTHONUNBUFFERED": "1", "POLYFLOW_HOME": "/h", "PATH": "/venv/bin:/bin"}


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("pyhton", "did you mean 'python'"),
        ("/usr/bin/pyhton", "did you mean 'python'"),
        ("echo hello", "write each argument as an item of its own"),
    ],
)
def test_a_command_that_is_not_there_gets_a_guess(word, says):
    assert says in not_found(word, ["python", "ls"])


def test_no_guess_is_better_than_a_wild_one():
    assert not_found("frobnicate", ["python", "ls"]) == "command 'frobnicate' was not found"
