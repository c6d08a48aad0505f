"""What holds for any layers: nothing twice, nothing lost, nothing changed in place."""

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from polyflow_services.spec_validator.layers.compose import Composer
from polyflow_services.spec_validator.layers.composed import Layer
from polyflow_services.spec_validator.layers.merge import merged
from polyflow_shared.language.models import V1Operation
from tests.unit.spec_validator.layers.layered import STRATEGIES, operation, plain

WORDS = st.sampled_from(["a", "b", "c"])
NUMBERS = st.integers(0, 3)
LISTS = st.lists(WORDS, max_size=3, unique=True)
strategies = st.sampled_from(STRATEGIES)


def some(**fields):
    """Maps with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


CONTAINERS = st.fixed_dictionaries(
    {"image": WORDS},
    optional={
        "args": LISTS,
        "workingDir": WORDS,
        "resources": some(limits=some(cpu=WORDS.map(lambda _: "1"))),
    },
)
RUNS = st.fixed_dictionaries(
    {"kind": st.just("job")},
    optional={
        "container": CONTAINERS,
        "connections": LISTS,
        "environment": some(labels=st.dictionaries(WORDS, WORDS), priority=NUMBERS, imagePullSecrets=LISTS),
    },
)
OPERATIONS = some(
    description=WORDS,
    queue=WORDS,
    tags=LISTS,
    termination=some(maxRetries=NUMBERS, timeout=NUMBERS),
    plugins=some(shm=st.booleans(), docker=st.booleans()),
    isApproved=st.booleans(),
    inputs=st.lists(WORDS, max_size=3, unique=True).map(lambda names: [{"name": name} for name in names]),
    params=st.dictionaries(WORDS, st.fixed_dictionaries({"value": NUMBERS})),
    run=RUNS,
).map(operation)


@given(OPERATIONS, OPERATIONS, OPERATIONS, strategies)
def test_it_does_not_matter_which_two_of_three_are_merged_first(base, middle, top, strategy):
    left = merged(merged(base, middle, strategy), top, strategy)
    right = merged(base, merged(middle, top, strategy), strategy)
    assert plain(left) == plain(right)


@given(OPERATIONS, strategies)
def test_a_layer_over_itself_is_itself(layer, strategy):
    assert plain(merged(layer, layer, strategy)) == plain(layer)


@given(OPERATIONS, OPERATIONS, strategies)
def test_what_is_laid_over_twice_is_there_once(base, layer, strategy):
    once = merged(base, layer, strategy)
    assert plain(merged(once, layer, strategy)) == plain(once)


@given(OPERATIONS, strategies)
def test_nothing_over_something_is_the_same_object_and_something_over_nothing_is_equal(layer, strategy):
    assert merged(layer, V1Operation(), strategy) is layer
    assert plain(merged(V1Operation(), layer, strategy)) == plain(layer)


@given(OPERATIONS, OPERATIONS, strategies)
def test_what_only_one_of_two_says_stays_as_it_is(base, layer, strategy):
    both = merged(base, layer, strategy)
    assert both.model_fields_set == base.model_fields_set | layer.model_fields_set
    for name in base.model_fields_set ^ layer.model_fields_set:
        alone = base if name in base.model_fields_set else layer
        assert getattr(both, name) is getattr(alone, name)


@given(OPERATIONS, OPERATIONS, strategies)
def test_lists_and_params_of_both_are_there_under_the_merging_strategies(base, layer, strategy):
    both = merged(base, layer, strategy)
    if strategy in ("post_merge", "pre_merge"):
        assert set(both.tags or ()) == {*(base.tags or ()), *(layer.tags or ())}
        assert set(both.params or ()) == {*(base.params or ()), *(layer.params or ())}
        assert len(both.tags or ()) == len(set(both.tags or ()))


@given(OPERATIONS, OPERATIONS, strategies)
def test_nothing_is_changed_in_place(base, layer, strategy):
    before = deepcopy((plain(base), plain(layer)))
    merged(base, layer, strategy)
    assert (plain(base), plain(layer)) == before


PARTS = some(
    container=CONTAINERS,
    env=st.dictionaries(WORDS, WORDS),
    cmd=st.lists(WORDS, min_size=1),
    connections=LISTS,
)


@given(RUNS, PARTS, LISTS, strategies)
def test_what_one_operation_makes_of_a_component_is_nothing_to_others(run, shortcuts, patch, strategy):
    component = operation({"run": run})
    components, composer = {"c": Layer(component, ("c",))}, Composer()
    changed = {**shortcuts, "runPatch": {"connections": patch}, "patchStrategy": strategy}
    composer.compose(Layer(operation({"name": "a", "dagRef": "c", **changed}), ("a",)), components)
    other = composer.compose(Layer(operation({"name": "b", "dagRef": "c"}), ("b",)), components)
    assert plain(component) == {"run": plain(operation({"run": run}).run)}
    assert other.run is component.run
