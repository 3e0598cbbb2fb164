"""What a process loads that does not need it makes it slow to start and large."""

import subprocess
import sys

import pytest

COSTLY = {"kubernetes", "prometheus_api_client", "bot.app.dry_running"}
LOADED = f"import sys; print(sorted({COSTLY} & set(sys.modules)))"


@pytest.mark.parametrize(
    ("module", "loaded"),
    [
        pytest.param("bot.app.main", "[]", id="every-process"),
        pytest.param("bot.app.cli.runbooks", "[]", id="to-list-runbooks"),
        pytest.param("bot.app.hands", "['kubernetes', 'prometheus_api_client']", id="hands"),
    ],
)
def test_only_the_hands_load_the_clients_of_the_cluster(module: str, loaded: str) -> None:
    """They take a second and tens of megabytes; a door has no use for them."""
    program = [sys.executable, "-c", f"import {module}; {LOADED}"]

    done = subprocess.run(program, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == loaded
