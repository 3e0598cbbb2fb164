"""Configuration: an empty folder works, and every mistake is named with file and line."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from bot.app.configuration import load
from bot.app.configuration_shapes import SHAPES, schema
from incidents.default_policy import default_policy
from incidents.errors import Rejected
from incidents.people import Person
from incidents.policy import Degraded, FollowUpRules, Judged, Severity

PEOPLE = """\
people:
  - {id: ann, name: Ann, slack: U1, unix: ann, roles: [on-call-sre]}
  - {id: ben, name: Ben, slack: U2, roles: [on-call-sre]}
  - {id: cat, name: Cat}
"""
POLICY = """\
approvers: [ann, cat]
approvals_needed: 2
irreversible_needs: 2
follow_ups: {remind_every: 12h}
degraded: {window: 2m, failing: 50%, slow: 1s}
requester_may_approve: no
approval_expiry: 5m
hold: 3m
archive_after: 1h
changes_per_hour: 2
acting: [cache-evictions]
shadow: yes
never_open: [Noise]
severities:
  P0: {respond_within: 1m, escalate_after: 2m, channel: fire}
alerts:
  VLLMPreemptionsHigh: {severity: P1, because: it is our only model}
  Own: {severity: P3, because: we say so}
"""


def written(folder: Path, **files: str) -> Path:
    """Write `<name>.yaml` for each of the files, and return the folder."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def refusal(folder: Path) -> list[str]:
    """Return what is wrong with the folder, without its path."""
    with pytest.raises(Rejected) as refused:
        load(folder)
    return str(refused.value).replace(f"{folder}/", "").splitlines()


@pytest.mark.parametrize("name", [pytest.param(None, id="none"), pytest.param(".", id="empty")])
def test_no_folder_and_an_empty_one_work(tmp_path: Path, name: str | None) -> None:
    """Whoever tries it out has configured nothing yet; and nobody may approve anything."""
    found = load(tmp_path / name if name else None)

    assert replace(found.policy, digest="") == default_policy()
    assert found.policy.approvers == ()
    assert (found.people.all(), found.policy_text, found.runbooks) == ((), "", ())


def test_the_folder_wins_over_the_defaults(tmp_path: Path) -> None:
    """Every number of the policy is the team's to change."""
    (tmp_path / "runbooks").mkdir()
    found = load(written(tmp_path, people=PEOPLE, policy=POLICY))

    base = default_policy()
    p0 = replace(
        base.demands[Severity.P0],
        respond_within=timedelta(minutes=1),
        escalate_after=timedelta(minutes=2),
        channel="fire",
    )
    because = "it is our only model"
    known = base.catalogue["VLLMPreemptionsHigh"]
    assert found.policy == replace(
        base,
        approvers=("ann", "cat"),
        approvals_needed=2,
        irreversible_needs=2,
        follow_ups=FollowUpRules(remind_every=timedelta(hours=12)),
        degraded=Degraded(window=timedelta(minutes=2), failing=0.5, slow=timedelta(seconds=1)),
        requester_may_approve=False,
        approval_expiry=timedelta(minutes=5),
        hold=timedelta(minutes=3),
        archive_after=timedelta(hours=1),
        changes_per_hour=2,
        acting=frozenset({"cache-evictions"}),
        shadow=True,
        never_open=base.never_open | {"Noise"},
        demands={**base.demands, Severity.P0: p0},
        catalogue={
            **base.catalogue,
            "VLLMPreemptionsHigh": replace(known, severity=Severity.P1, because=because),
            "Own": Judged(severity=Severity.P3, because="we say so"),
        },
        digest=found.policy.digest,
    )
    assert found.policy.catalogue["VLLMPreemptionsHigh"].mode == "RB-12"
    assert found.people.get("ann") == Person(
        id="ann", name="Ann", slack="U1", unix="ann", roles=("on-call-sre",)
    )
    assert (found.policy_text, found.runbooks) == (POLICY, (tmp_path / "runbooks",))


def test_whoever_is_on_call_may_approve_where_nobody_is_named(tmp_path: Path) -> None:
    """A list of people is enough to begin with."""
    assert load(written(tmp_path, people=PEOPLE)).policy.approvers == ("ann", "ben")


def test_an_empty_list_of_approvers_is_nobody(tmp_path: Path) -> None:
    """Who takes everybody off the list does not mean whoever is on call."""
    found = load(written(tmp_path, people=PEOPLE, policy="approvers: []\n"))

    assert found.policy.approvers == ()


def test_the_digest_is_that_of_the_text(tmp_path: Path) -> None:
    """A run pins it, so another text must never have the same one."""
    first = load(written(tmp_path, policy="hold: 3m\n")).policy.digest

    again = load(tmp_path).policy.digest
    other = load(written(tmp_path, policy="hold: 4m\n")).policy.digest

    assert first == again != other


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        pytest.param(
            {"policy": "hold: 3m\nhold: 4m\n"},
            ["policy.yaml:2: hold stands here twice, first in line 1"],
            id="duplicate-key",
        ),
        pytest.param({"policy": "hold: soon\n"}, ["policy.yaml:1: "], id="no-duration"),
        pytest.param({"policy": "\nholt: 3m\n"}, ["policy.yaml:2: "], id="unknown-field"),
        pytest.param({"policy": "a: [1\n"}, ["policy.yaml:2: no YAML: "], id="no-yaml"),
        pytest.param({"policy": ""}, ["policy.yaml:1: the file is empty"], id="empty-file"),
        pytest.param({"people": "people:\n  - {id: ann}\n"}, ["people.yaml:2: "], id="no-name"),
        pytest.param(
            {"people": PEOPLE + "  - {id: ann, name: Ann}\n"},
            ["people.yaml:5: id 'ann' is that of ann already"],
            id="same-id",
        ),
        pytest.param(
            {"people": PEOPLE + "  - {id: dan, name: Dan, slack: U1}\n"},
            ["people.yaml:5: slack 'U1' is that of ann already"],
            id="same-slack-user",
        ),
        pytest.param(
            {"people": PEOPLE + "  - {id: dan, name: Dan, unix: ann}\n"},
            ["people.yaml:5: unix 'ann' is that of ann already"],
            id="same-login",
        ),
        pytest.param(
            {"people": PEOPLE, "policy": "hold: 3m\napprovers:\n  - ann\n  - eve\n"},
            ["policy.yaml:4: approver 'eve' is not in people.yaml"],
            id="unknown-approver",
        ),
        pytest.param(
            {"people": PEOPLE, "policy": "approvers: [ann]\napprovals_needed: 2\n"},
            ["policy.yaml:2: 2 people must approve, and only 1 may"],
            id="more-than-there-are",
        ),
        pytest.param(
            {"people": PEOPLE, "policy": "approvers: [ann]\nirreversible_needs: 2\n"},
            ["policy.yaml:2: 2 people must approve, and only 1 may"],
            id="more-than-there-are-for-what-cannot-be-undone",
        ),
        pytest.param(
            {"people": PEOPLE, "policy": "approvers: [ann]\nguardrails:\n  people: 2\n"},
            ["policy.yaml:3: 2 people must approve, and only 1 may"],
            id="more-than-there-are-for-peers",
        ),
        pytest.param(
            {
                "people": PEOPLE,
                "policy": "approvers: [ann]\nguardrails:\n  for:\n"
                "    - actions: [scale]\n      people: 1\n"
                "    - actions: [drain]\n      people: 2\n",
            },
            ["policy.yaml:7: 2 people must approve, and only 1 may"],
            id="more-than-there-are-for-some-changes",
        ),
        pytest.param(
            {"policies": "hold: 3m\n"},
            ["policies.yaml:1: no file of this name is read; known are policy.yaml, people.yaml"],
            id="misspelt-file",
        ),
        pytest.param(
            {"policy": "x: 1\n", "people": "y: 2\n"},
            ["people.yaml:1: ", "people.yaml:1: ", "policy.yaml:1: "],
            id="everything-at-once",
        ),
    ],
)
def test_mistakes_are_named_with_file_and_line(
    tmp_path: Path, files: dict[str, str], wrong: list[str]
) -> None:
    """Whoever edits a ConfigMap at night must not have to search."""
    found = refusal(written(tmp_path, **files))

    assert len(found) == len(wrong)
    assert [one for one, begun in zip(found, wrong, strict=True) if not one.startswith(begun)] == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With the defaults in its place nobody would notice that the mount is missing."""
    with pytest.raises(Rejected, match="there is no such folder"):
        load(tmp_path / "config")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """One sentence, and no traceback."""
    (tmp_path / "people.yaml").write_bytes(b"people: \xff")

    assert refusal(tmp_path) == ["people.yaml: it is no text in UTF-8: byte 8"]


@pytest.mark.parametrize(
    ("name", "text"),
    [pytest.param("policy.yaml", POLICY, id="policy"), pytest.param("people.yaml", PEOPLE, id="p")],
)
def test_the_published_schema_agrees_with_the_loader(name: str, text: str) -> None:
    """An editor must not underline what the loader takes, nor miss a field that it refuses."""
    validator = Draft202012Validator(schema(name))
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(text)

    assert [str(one) for one in validator.iter_errors(document)] == []
    assert list(validator.iter_errors({**document, "unknown": 1})) != []


def test_every_file_has_a_schema() -> None:
    """The design asks for one a file."""
    titles = [schema(name)["title"] for name in SHAPES]

    names = ("policy", "people", "ownership", "objectives", "environments")
    assert titles == [f"triaged {name}.yaml" for name in names]


def test_a_runbook_that_does_not_exist_cannot_be_switched_on(tmp_path: Path) -> None:
    """Whoever mistypes it would wait in vain for a card; one of the team's own is known."""
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "ours.yaml").write_text("title: Ours\n")
    folder = written(tmp_path, policy="acting:\n  - ours\n  - '*'\n  - cache-eviction\n")

    (told,) = refusal(folder)

    assert told.startswith("policy.yaml:4: there is no runbook 'cache-eviction'; known are *, ")
    assert "ours" in told
