"""What templates in the parts of a pod become: values of the type that Kubernetes wants."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyflow_shared.language.expressions.names import RenderedParam
from polyflow_shared.language.expressions.pods import render_parts
from polyflow_shared.language.expressions.templates import TemplateError, names_in_pod
from polyflow_shared.language.kubernetes.check import check
from polyflow_topics.pods import PodParts
from tests.unit.language.expressions.test_templates import GLOBALS, PARAMS
from tests.unit.language.kubernetes.kinds import objects


def render(**parts):
    return render_parts(PodParts(**parts), names_in_pod(PARAMS, GLOBALS))


def container(**fields):
    return render(container=fields).container


GIVES = {
    "an integer": (
        {"ports": [{"containerPort": "{{ result }}"}]},
        {"ports": [{"containerPort": 5}]},
    ),
    "an integer of two parts": (
        {"ports": [{"containerPort": "{{ result }}{{ zero }}"}]},
        {"ports": [{"containerPort": 50}]},
    ),
    "an amount": (
        {"resources": {"limits": {"cpu": "{{ result }}"}}},
        {"resources": {"limits": {"cpu": "5"}}},
    ),
    "a truth value": ({"tty": "{{ on }}"}, {"tty": True}),
    "a text of a number": ({"imagePullPolicy": "{{ zero }}"}, {"imagePullPolicy": "0"}),
    "a port by its name": (
        {"livenessProbe": {"tcpSocket": {"port": "{{ text }}"}}},
        {"livenessProbe": {"tcpSocket": {"port": "a b"}}},
    ),
    "what has no template": ({"ports": [{"containerPort": 0}]}, {"ports": [{"containerPort": 0}]}),
    "null is no text": ({"imagePullPolicy": "{{ none }}"}, {"imagePullPolicy": ""}),
}


@pytest.mark.parametrize(("written", "rendered"), GIVES.values(), ids=GIVES)
def test_a_template_gives(written, rendered):
    assert container(**written) == rendered


def test_arguments_beside_the_main_container_are_arguments():
    step = {"name": "s", "command": ["run", "{{ none }}", "{{ params.as_args }}"], "args": ["{{ params.off.as_arg }}"]}  # fmt: skip
    rendered = render(init=[step], sidecars=[step])
    assert rendered.init == rendered.sidecars
    assert rendered.init[0]["command"][:3] == ["run", "--lr=0.1", "--text=a b"]
    assert rendered.init[0]["args"] == []


def test_folders_of_the_cluster_are_filled_in_where_it_does_so():
    env = [{"name": "A", "value": "{{ outputs_path }}/x"}]
    assert render(init=[{"name": "s", "env": env}]).init[0]["env"][0]["value"] == "$(POLYFLOW_OUTPUTS_PATH)/x"


def test_a_value_is_escaped_where_kubernetes_fills_in_variables_and_nowhere_else():
    params = {"v": RenderedParam("$(A)$"), "probe": RenderedParam({"exec": {"command": ["$(A)"]}})}
    mount = {"name": "{{ v }}", "mountPath": "{{ v }}", "subPathExpr": "$(B)/{{ v }}"}
    fields = {
        "command": ["$(B) $x", "{{ v }}"],
        "args": ["$(B)$ {{ v }}"],
        "env": [{"name": "N", "value": "$(B){{ v }}"}],
        "workingDir": "$(B)$$ {{ v }}",
        "volumeMounts": [mount],
        "livenessProbe": "{{ probe }}",
        "startupProbe": {"exec": {"command": ["{{ v }}"]}},
        "lifecycle": {"preStop": {"exec": {"command": ["{{ v }}", "$$ {{ v }}"]}}},
    }
    names = names_in_pod(params, GLOBALS)
    main, step = (
        render_parts(PodParts(container=fields), names).container,
        render_parts(PodParts(sidecars=[{"name": "s", **fields}]), names).sidecars[0],
    )
    for field, expected in {
        "command": ["$(B) $x", "$$(A)$$"],
        "args": ["$(B)$$ $$(A)$$"],
        "env": [{"name": "N", "value": "$(B)$$(A)$$"}],
        "workingDir": "$(B)$$ $(A)$",
        "volumeMounts": [{"name": "$(A)$", "mountPath": "$(A)$", "subPathExpr": "$(B)/$$(A)$$"}],
        "livenessProbe": {"exec": {"command": ["$$(A)"]}},
        "startupProbe": {"exec": {"command": ["$$(A)$$"]}},
        "lifecycle": {"preStop": {"exec": {"command": ["$(A)$", "$$ $(A)$"]}}},
    }.items():
        assert main[field] == step[field] == expected, field
    labels = render_parts(PodParts(labels={"a": "$$ {{ v }}"}), names).labels
    assert labels == {"a": "$$ $(A)$"}


def test_labels_and_variables_from_elsewhere_are_rendered():
    rendered = render(
        labels={"lr": "{{ lr }}"},
        annotations={"run": "{{ globals.uuid }}"},
        env={"A": {"secretKeyRef": {"name": "{{ globals.name }}", "key": "k"}}},
        spec={"priority": "{{ zero }}", "nodeSelector": {"on": "{{ on }}"}},
        volumes=[{"name": "v", "emptyDir": {"sizeLimit": "{{ result }}Gi"}}],
        ttl=5,
    )
    assert (rendered.labels, rendered.annotations) == ({"lr": "0.1"}, {"run": "u-1"})
    assert rendered.env == {"A": {"secretKeyRef": {"name": "train", "key": "k"}}}
    assert rendered.spec == {"priority": 0, "nodeSelector": {"on": "True"}}
    assert rendered.volumes == ({"name": "v", "emptyDir": {"sizeLimit": "5Gi"}},)
    assert rendered.ttl == 5


FAILS = {
    "what Kubernetes does not take": (
        {"container": {"ports": [{"containerPort": "{{ text }}"}]}},
        "container.ports\\[0\\].containerPort: .*an integer, not `a b`",
    ),
    "an unknown name": ({"volumes": [{"name": "{{ nope }}"}]}, "`nope` does not exist"),
    "a folder that only the cluster knows": (
        {"container": {"volumeMounts": [{"name": "a", "mountPath": "{{ artifacts_path }}/x"}]}},
        "`container.volumeMounts\\[0\\].mountPath`: `globals.run_artifacts_path` is known in",
    ),
    "that folder in a label": ({"labels": {"a": "{{ outputs_path }}"}}, "`labels.a`: `globals.run_outputs_path`"),
    "what is too large": ({"annotations": {str(n): "{{ long }}" for n in range(3)}}, "larger than 256 KiB"),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "message"), FAILS.values(), ids=FAILS)
def test_a_template_fails_for(parts, message):
    params = {**PARAMS, "long": type(PARAMS["zero"])("x" * 100_000)}
    with pytest.raises(TemplateError, match=message):
        render_parts(PodParts(**parts), names_in_pod(params, GLOBALS))


KINDS = st.sampled_from(["V1Container", "V1Volume", "V1PodSpec"])


@settings(max_examples=200, deadline=None)
@given(KINDS.flatmap(lambda kind: st.tuples(st.just(kind), objects(kind))))
def test_whatever_is_rendered_is_what_kubernetes_takes_or_an_error(drawn):
    kind, value = drawn
    field = {"V1Container": "sidecars", "V1Volume": "volumes", "V1PodSpec": "spec"}[kind]
    given_parts = PodParts(**{field: value if field == "spec" else [value]})
    try:
        rendered = getattr(
            render_parts(given_parts, names_in_pod({**PARAMS, "a": PARAMS["zero"]}, GLOBALS)), field
        )
    except TemplateError:
        return
    one = rendered if field == "spec" else rendered[0]
    assert check(kind, one).findings == []
    assert "{{" not in str(one)
