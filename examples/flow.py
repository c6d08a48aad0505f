"""The same kind of pipeline in Python: `polyflow run -pm examples/flow.py:flow`."""

from polyflow.schemas import V1IO, V1Component, V1Dag, V1Job, V1Operation, V1Param

double = V1Component(
    name="double",
    inputs=[V1IO(name="x", type="int")],
    outputs=[V1IO(name="twice", type="int")],
    run=V1Job(
        container={
            "command": ["python", "-c"],
            "args": ["from polyflow import tracking; tracking.log_outputs(twice=2 * {{ x }})"],
        }
    ),
)

flow = V1Component(
    name="doubling",
    run=V1Dag(
        operations=[
            V1Operation(name="first", dag_ref="double", params={"x": V1Param(value=21)}),
            V1Operation(
                name="second",
                dag_ref="double",
                params={"x": V1Param(ref="ops.first", value="outputs.twice")},
            ),
        ],
        components=[double],
    ),
)
