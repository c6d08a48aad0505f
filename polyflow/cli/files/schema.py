"""`polyflow schema`: the language as a JSON Schema, for editors."""

import json
from pathlib import Path

import click


@click.command()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="A file to write it to.")
def schema(output: Path | None) -> None:
    """Print the JSON Schema (2020-12) of specifications.

    In an editor with a YAML language server, such as VS Code: write it to a file, and begin a specification
    with `# yaml-language-server: $schema=FILE`.
    """
    from polyflow_shared.language.json_schema.specification import specification_schema  # noqa: PLC0415

    text = json.dumps(specification_schema(), indent=2, ensure_ascii=False)
    if output is None:
        click.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise click.BadParameter(f"{str(output)!r}: {error.strerror}", param_hint="--output") from error
