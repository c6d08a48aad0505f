"""A pod of several containers on this machine: prepared, with a sidecar beside it, its secrets kept elsewhere."""

from tests.e2e.command import CommandLine

PIPELINE = """
inputs: [{name: word, type: str, value: hello}]
termination: {ttl: 60}
run:
  kind: job
  environment: {labels: {team: "{{ word }}"}, nodeSelector: {gpu: "true"}, tolerations: [{key: gpu}]}
  volumes: [{name: shared, emptyDir: {}}]
  init:
  - container:
      name: fetch
      command: [sh, -c]
      args: ["echo fetching; echo {{ word }} > $POLYFLOW_VOLUME_SHARED/word"]
      volumeMounts: [{name: shared, mountPath: /shared}]
  sidecars:
  - name: answers
    command: [sh, -c]
    args: ["trap 'echo told to end; exit 0' TERM; echo up > $POLYFLOW_VOLUME_SHARED/up; while :; do sleep 0.01; done"]
    volumeMounts: [{name: shared, mountPath: /shared}]
  container:
    image: python:3.11
    resources: {limits: {cpu: 2, memory: 1Gi}}
    command: [sh, -c]
    args:
    - >-
      while [ ! -e $POLYFLOW_VOLUME_SHARED/up ]; do sleep 0.01; done;
      echo "$(cat $POLYFLOW_VOLUME_SHARED/word) $TEAM $TOKEN"
    env:
    - {name: TEAM, valueFrom: {fieldRef: {fieldPath: "metadata.labels['team']"}}}
    - {name: TOKEN, valueFrom: {secretKeyRef: {name: api, key: TOKEN}}}
    volumeMounts: [{name: shared, mountPath: /shared}]
"""
CATALOGUE = """
connections:
- name: digits
  kind: volume_claim
  schema: {volumeClaim: d, mountPath: /data}
  env: [{name: SPLIT, value: train}]
  projects: [vision]
"""


def test_containers_run_before_and_beside_the_main_one(polyflow: CommandLine) -> None:
    (polyflow.home / "secrets").mkdir(parents=True)
    (polyflow.home / "secrets" / "api.env").write_text("TOKEN=t-1\n")
    done = polyflow("run", polyflow.file(PIPELINE), "-P", "word=hi")
    assert done.returncode == 0, done.stdout + done.stderr
    log = polyflow("logs", "latest", "main").stdout.splitlines()
    assert [line for line in log if line != "Terminated"] == ["fetching", "hi hi t-1", "told to end"]


def test_a_pod_without_its_secret_says_what_to_write(polyflow: CommandLine) -> None:
    done = polyflow("run", polyflow.file(PIPELINE))
    assert done.returncode == 1
    assert "there is no secret 'api' on this machine" in done.stdout


def test_what_a_process_cannot_have_is_refused(polyflow: CommandLine) -> None:
    text = PIPELINE.replace("emptyDir: {}", "secret: {secretName: digits}")
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 2
    assert "a volume of kind `secret` is not supported for processes" in done.stderr
    assert polyflow("check", polyflow.file(text)).returncode == 0


def test_a_connection_is_used_by_its_name(polyflow: CommandLine) -> None:
    catalogue = polyflow.home / "connections.yaml"
    catalogue.parent.mkdir(parents=True)
    text = """
run:
  kind: job
  connections: [digits]
  container: {command: [sh, -c], args: ['echo "$SPLIT" > "$POLYFLOW_VOLUME_CONNECTION_DIGITS/split"']}
"""
    catalogue.write_text("connections:\n- {name: digits, kind: volume_claim, schema: {volumeClaim: d}}\n")
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 2
    assert "connections.yaml:2:46: a `volume_claim` needs `mountPath` in its `schema`" in done.stderr
    catalogue.write_text(CATALOGUE)
    done = polyflow("run", polyflow.file(text))
    assert done.returncode == 2
    assert "project `default` has no access to the connection `digits`" in done.stderr
    assert polyflow("run", polyflow.file(text), "--project", "vision").returncode == 0
    assert (polyflow.home / "volumes" / "d" / "split").read_text() == "train\n"
