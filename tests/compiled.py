"""`make test-compiled`: the planner compiled to machine code passes its tests, and how much faster it decides.

The wheel is made of a source distribution in a temporary folder, never in the tree: a compiled module beside its
source would be imported in its place, also after the source was edited.
"""

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

_ROOT: Final = Path(__file__).parent.parent
_SEEDS: Final = "1-100"
_ROUNDS: Final = 3
_COMPILED: Final = "import polyflow_services.planner.core as c; assert c.__file__.endswith('.so'), c.__file__"
_SPEED: Final = """
from polyflow_shared.hosting.garbage import collect_rarely
from tests.benchmarks.planner_core import LARGE, per_event
collect_rarely()
print(1 / per_event(LARGE))
"""


def main() -> int:
    """Return 0 if everything that was compiled passes."""
    missing = _missing()
    if missing:
        sys.stderr.write(f"make test-compiled: {missing} is missing (Debian: apt install gcc python3-dev)\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        site = _installed(Path(folder))
        compiled = {**os.environ, "PYTHONPATH": str(site)}
        _python(compiled, "-c", _COMPILED)
        _python(compiled, "-m", "pytest", "-p", "no:cacheprovider", "tests/unit/planner")
        _python(compiled, "-m", "tests.simulator", "--forget", _SEEDS)
        rates = [(_rate(dict(os.environ)), _rate(compiled)) for _ in range(_ROUNDS)]
    plain, fast = (median(side) for side in zip(*rates, strict=True))
    ratio = median(after / before for before, after in rates)
    sys.stdout.write(f"planner's core: {plain:,.0f} events/s, compiled {fast:,.0f}: {ratio:.2f} times\n")
    return 0


def _missing() -> str:
    """Return what a compiler lacks here, if anything."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "gcc")[0]
    if shutil.which(compiler) is None:
        return f"the C compiler {compiler}"
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return "" if headers.exists() else f"Python's {headers}"


def _installed(folder: Path) -> Path:
    """Return where the compiled packages are; what they depend on is where it always is."""
    _python(dict(os.environ), "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder))
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as sources:
        sources.extractall(folder, filter="data")
    building = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "HATCH_BUILD_HOOK_ENABLE_MYPYC": "true",
        "PIP_CONSTRAINT": str(_ROOT / "requirements.lock"),
    }
    site, source = folder / "site", folder / archive.name.removesuffix(".tar.gz")
    _python(building, "-m", "pip", "install", "--quiet", "--no-deps", f"--target={site}", str(source))
    return site


def _rate(environment: dict[str, str]) -> float:
    return float(_python(environment, "-c", _SPEED, capture=True))


def _python(environment: dict[str, str], *arguments: str, capture: bool = False) -> str:
    """Run Python in the project's folder, and end with its status where it fails."""
    output = subprocess.PIPE if capture else None
    done = subprocess.run(
        [sys.executable, *arguments], cwd=_ROOT, env=environment, stdout=output, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main())
