"""`policy.yaml` says what every change must keep to, and every mistake in it has a line."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.configuration import load
from bot.app.configuration_guardrails import known
from cluster.guardrails.registry import guards
from incidents.errors import Rejected
from incidents.guardrails import (
    MARKS,
    Allowed,
    Exceptions,
    Guardrails,
    Limits,
    Mark,
    Sign,
    VersionPair,
    Where,
)

ALL_OF_IT = """\
guardrails:
  largest_step: 4
  largest_factor: 1.5
  small_step: 1
  cool_down: 10m
  kv_usage: 0.7
  waiting: 2
  people: 3
  cannot_tell_refuses: [serving]
  off: [ratio]
  allowed: {namespaces: [llm-*], kinds: [Deployment], names: [chat]}
  node_autoscaler: yes
  version_pairs:
    - {prefill: v0.8.*, decode: v0.7.*, because: answers are mixed up}
  marks:
    - {on: node, sign: label, key: our/night-shift, who: the night shift, refuses: yes}
    - {on: pod, sign: annotation, key: our/keep, value: "true", unless: old, who: us}
  for:
    - actions: [restart, rollback]
      environments: [production]
      cool_down: 1h
      cannot_tell_refuses: [blast]
    - namespaces: [staging]
      people: 1
"""


def rails(folder: Path, text: str) -> Guardrails:
    on_call = "".join(f"  - {{id: {one}, name: A, roles: [on-call-sre]}}\n" for one in "abc")
    (folder / "people.yaml").write_text(f"people:\n{on_call}")
    (folder / "policy.yaml").write_text(text)
    return load(folder).policy.guardrails


def test_without_a_word_the_defaults_hold(tmp_path: Path) -> None:
    """An empty folder works."""
    assert rails(tmp_path, "hold: 10m\n") == Guardrails()


def test_every_guardrail_is_configuration(tmp_path: Path) -> None:
    """A team changes them without building an image."""
    assert rails(tmp_path, ALL_OF_IT) == Guardrails(
        limits=Limits(
            largest_step=4,
            largest_factor=1.5,
            small_step=1,
            cool_down=timedelta(minutes=10),
            kv_usage=0.7,
            waiting=2,
            people=3,
            cannot_tell_refuses=frozenset({"serving"}),
        ),
        exceptions=(
            Exceptions(
                limits={
                    "cool_down": timedelta(hours=1),
                    "cannot_tell_refuses": frozenset({"blast"}),
                },
                actions=("restart", "rollback"),
                environments=("production",),
            ),
            Exceptions(limits={"people": 1}, namespaces=("staging",)),
        ),
        allowed=Allowed(namespaces=("llm-*",), kinds=("Deployment",), names=("chat",)),
        off=frozenset({"ratio"}),
        node_autoscaler=True,
        version_pairs=(
            VersionPair(prefill="v0.8.*", decode="v0.7.*", because="answers are mixed up"),
        ),
        marks=(
            *MARKS,
            Mark(
                on=Where.NODE,
                sign=Sign.LABEL,
                key="our/night-shift",
                who="the night shift",
                refuses=True,
            ),
            Mark(
                on=Where.POD,
                sign=Sign.ANNOTATION,
                key="our/keep",
                value="true",
                unless="old",
                who="us",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        pytest.param("off: [serving, sevring]", 2, "there is no guard 'sevring'; known", id="off"),
        pytest.param("cannot_tell_refuses: [x]", 2, "there is no guard 'x'", id="strict"),
        pytest.param(
            "for:\n    - actions: [scale]\n      cannot_tell_refuses: [x]",
            4,
            "there is no guard 'x'",
            id="for",
        ),
        pytest.param(
            "for:\n    - people: 1",
            3,
            "one of actions, environments, namespaces is missing",
            id="for-whom",
        ),
        pytest.param("kv_usage: 85", 2, "kv_usage: 85 is more than 1", id="a-share"),
        pytest.param("largest_stop: 2", 2, "largest_stop", id="a-slip"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    """A guard that is switched off by a slip of the pen would be in force nowhere."""
    with pytest.raises(Rejected) as refused:
        rails(tmp_path, f"guardrails:\n  {text}\n")

    assert f"policy.yaml:{line}: " in str(refused.value)
    assert what in str(refused.value)


def test_the_names_that_are_known_are_those_of_the_guards() -> None:
    """They are listed without being loaded: the configuration is read by every role."""
    assert known() == tuple(guards())
