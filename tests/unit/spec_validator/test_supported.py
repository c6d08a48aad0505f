"""Templates that stand for more than a text: accepted when checked, refused where they would be run."""

import pytest

from polyflow_services.spec_validator.checked import check

TEXT = "kind: component\nrun: {{kind: job, container: {{image: a, {}}}}}\n"

TEMPLATES = {
    "for all variables": ('env: "{{ e }}"', "run.container.env"),
    "for one variable": ('env: ["{{ e }}"]', "run.container.env[0]"),
    "for a source of variables": ('envFrom: ["{{ e }}"]', "run.container.envFrom[0]"),
}


@pytest.mark.parametrize(("field", "path"), TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_for_a_list_or_a_map_is_not_run_yet(field, path):
    checked = check(TEXT.format(field), file="a.yaml")
    assert checked.schema == checked.compile == "accept"
    assert ("PF2005", path) in [(one.code, one.path) for one in checked.warnings]


def test_a_variable_without_a_template_is_run():
    assert check(TEXT.format("env: [{name: A, value: b}]"), file="a.yaml").warnings == ()
