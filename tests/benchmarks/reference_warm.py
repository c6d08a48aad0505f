"""Run by Polyaxon's own Python: check a file some times, and print the seconds of each as JSON."""

import contextlib
import io
import json
import sys
import time


def main() -> None:
    from polyaxon._polyaxonfile.check import check_polyaxonfile

    file, runs = sys.argv[1], int(sys.argv[2])
    taken = []
    for _ in range(runs + 1):
        began = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            check_polyaxonfile(polyaxonfile=[file], validate_params=True)
        taken.append(time.perf_counter() - began)
    print(json.dumps(taken[1:]))


if __name__ == "__main__":
    main()
