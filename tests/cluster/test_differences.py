"""What changed between two pod templates is told without its secrets."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster import differences
from cluster.clients.things import Json

NAMES = st.sampled_from(["FOO", "HF_TOKEN", "VLLM_PORT", "API_KEY", "PASSWORD", "HOME", "X"])
VALUES = st.text(string.ascii_letters, min_size=12, max_size=30).map(lambda x: f"hunter2{x}")


def template(env: dict[str, str], args: tuple[str, ...] = ()) -> Json:
    listed = [{"name": name, "value": value} for name, value in env.items()]
    container = {"name": "vllm", "image": "a", "env": listed, "args": list(args)}
    return {"spec": {"containers": [container]}}


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        pytest.param("MAX_SEQS", "8", "16", "MAX_SEQS changed from 8 to 16", id="number"),
        pytest.param("CHUNKED", "on", "off", "CHUNKED changed from on to off", id="switch"),
        pytest.param("API_KEY", "12345678", "87654321", "API_KEY changed", id="secret-number"),
        pytest.param("FOO", "hunter2", "hunter3", "FOO changed", id="word"),
        pytest.param("FOO", "8", "hunter3", "FOO changed", id="one-of-two"),
    ],
)
def test_of_the_environment_numbers_and_switches_are_told(
    name: str, old: str, new: str, words: str
) -> None:
    """A limit that was halved is the answer; a word may be anything."""
    assert differences.between(template({name: old}), template({name: new})) == (
        f"vllm: environment {words}",
    )


@given(old=st.dictionaries(NAMES, VALUES), new=st.dictionaries(NAMES, VALUES), key=VALUES)
def test_no_secret_is_ever_told(old: dict[str, str], new: dict[str, str], key: str) -> None:
    """Whatever a variable is called, what might be a secret stays where it is."""
    told = "; ".join(differences.between(template(old), template(new, ("--api-key", key))))

    assert "hunter2" not in told
