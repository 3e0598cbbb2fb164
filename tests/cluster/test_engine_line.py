"""What an engine's command line says, in all the ways in which people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.drift.engine_line import CHOSEN, IN_FILE, line
from cluster.drift.findings import Unknown

LENGTH = "--max-model-len"
SCRIPT = 'exec vllm serve /mnt/models --port 8000 "$@"'


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["vllm", "serve", "m", f"{LENGTH}=8192"], "8192", id="with-a-sign"),
        pytest.param(["vllm", "serve", "m", LENGTH, "8192"], "8192", id="in-two-words"),
        pytest.param(["--max_model_len=8192"], "8192", id="with-underscores"),
        pytest.param([f"{LENGTH}=4096", f"{LENGTH}=8192"], "8192", id="the-last-one-counts"),
        pytest.param(["sh", "-c", f"vllm serve m {LENGTH} 8192"], "8192", id="in-a-script"),
        pytest.param(
            ["/bin/bash", "-c", SCRIPT, "--", LENGTH, "8192"], "8192", id="behind-a-script"
        ),
        pytest.param(["vllm", "serve", "m"], Unknown(because=CHOSEN), id="not-there"),
        pytest.param(["--config", "a.yaml"], Unknown(because=IN_FILE), id="in-a-file-perhaps"),
        pytest.param(
            [LENGTH, "$(LENGTH)"],
            Unknown(because=f"{LENGTH} is set from a variable"),
            id="from-a-variable",
        ),
        pytest.param(
            [f"{LENGTH}=${{LENGTH}}"],
            Unknown(because=f"{LENGTH} is set from a variable"),
            id="from-a-variable-of-a-shell",
        ),
    ],
)
def test_a_value_is_what_the_engine_would_read(words: list[str], told: str | Unknown) -> None:
    """The same intention is written in many ways, and none of them is drift."""
    assert line(words).value(LENGTH) == told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["--enable-eplb"], True, id="there"),
        pytest.param(["--enable_eplb"], True, id="with-underscores"),
        pytest.param(["vllm", "serve", "m"], False, id="not-there"),
        pytest.param(["--config=a.yaml"], Unknown(because=IN_FILE), id="in-a-file-perhaps"),
    ],
)
def test_a_switch_is_there_or_not(words: list[str], told: bool | Unknown) -> None:
    """A file that is not seen may hold it."""
    assert line(words).switched("--enable-eplb") == told


@given(words=st.lists(st.text(max_size=12), max_size=6), flag=st.sampled_from(["--a", "-q"]))
def test_any_command_line_is_read(words: list[str], flag: str) -> None:
    """It is foreign text: half a quote must not hide what else differs."""
    found = line(words)

    assert isinstance(found.value(flag), str | Unknown)
    assert found.switched("--a") in {True, False} or isinstance(found.switched("--a"), Unknown)
