"""The bench: measures everything in one run and shows it as one table."""

import sys
from pathlib import Path

# A script finds what is beside it; ours are found from the root.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.bench.measuring import main  # noqa: E402 - not before the line above

if __name__ == "__main__":
    main(sys.argv[1:])
