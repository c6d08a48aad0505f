"""Right values of every kind in the table of Kubernetes' objects."""

from functools import cache

from hypothesis import strategies as st

from polyflow_shared.language.kubernetes.table import inner, table

SCALARS = {
    "str": st.sampled_from(["a", "{{ a }}", ""]),
    "int": st.integers(0, 9),
    "bool": st.booleans(),
    "datetime": st.just("2030-01-31T12:00:00Z"),
    "object": st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    "quantity": st.sampled_from(["500m", "2Gi", "1e3", 1, 0.5]),
    "port": st.sampled_from(["http", 80]),
    "scalar": st.sampled_from(["a", 1, True]),
    "arguments": st.sampled_from(["run", ["run", 1]]),
}


@cache
def values(type_):
    """Return right values of a type of the table."""
    outer, item = inner(type_)
    if outer == "list":
        return st.lists(values(item), max_size=2)
    if outer == "dict":
        return st.dictionaries(st.sampled_from(["a", "b"]), values(item), max_size=2)
    return SCALARS[type_] if type_ in SCALARS else st.deferred(lambda: objects(type_))


@cache
def objects(kind):
    fields = table()[kind]
    needed = {key: values(field.type) for key, field in fields.items() if field.required}
    return st.fixed_dictionaries(
        needed, optional={k: values(f.type) for k, f in fields.items() if not f.required}
    )
