"""Write a real table as CSV, in two parts: python scripts/quickstart_data.py DIRECTORY.

The Wisconsin breast cancer data come with scikit-learn; every fourth row is kept apart.
"""

import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer


def main(directory: Path) -> None:
    data = load_breast_cancer(as_frame=True)
    table = data.frame.drop(columns="target")
    table["diagnosis"] = data.target_names[data.target]
    unseen = table.index % 4 == 0
    table[~unseen].to_csv(directory / "breast_cancer.csv", index=False)
    table[unseen].to_csv(directory / "unseen.csv", index=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
