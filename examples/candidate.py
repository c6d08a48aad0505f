"""Pretend to train: the accuracy grows by `--gain` in every epoch, up to 1.  For 05_early_stopping.yaml."""

import argparse
import time

from polyflow import tracking

EPOCH = 0.05
"""Seconds that an epoch takes."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gain", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=2000)
    options = parser.parse_args()
    for epoch in range(1, options.epochs + 1):
        time.sleep(EPOCH)
        tracking.log_metrics(step=epoch, accuracy=min(1.0, options.gain * epoch))


if __name__ == "__main__":
    main()
