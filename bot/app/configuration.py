"""Configuration: the folder's policy and people, over the defaults that need no folder."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any  # what the shapes have checked

from incidents.people import People, Person
from incidents.policy import Demand, Judged, Policy, Severity, default_policy
from runbooks.language.conform import Conform
from runbooks.language.document import read
from runbooks.language.problem import Problem, refuse
from runbooks.language.shapes import (
    Choice,
    Duration,
    Field,
    Integer,
    ListOf,
    MapOf,
    Record,
    Shape,
    Text,
)

POLICY = "policy.yaml"
PEOPLE = "people.yaml"

_SEVERITY = Choice(choices=tuple(Severity.__members__))
_ID = Text(pattern=r"[a-z0-9][a-z0-9._-]*", example="alice", longest=64)
_SOME_TIME = Duration(minimum=timedelta(seconds=1))

POLICY_SHAPE = Record(
    fields={
        "approvers": Field(shape=ListOf(item=_ID), meaning="ids of the people who may approve"),
        "approvals_needed": Field(
            shape=Integer(minimum=1, maximum=5), meaning="how many different people must approve"
        ),
        "requester_may_approve": Field(
            shape=Choice(choices=("yes", "no")), meaning="whether who asked may approve"
        ),
        "approval_expiry": Field(shape=_SOME_TIME, meaning="how long a question stands"),
        "hold": Field(shape=_SOME_TIME, meaning="calm time before an incident resolves by itself"),
        "archive_after": Field(
            shape=_SOME_TIME, meaning="how long the channel stays after the end"
        ),
        "changes_per_hour": Field(
            shape=Integer(minimum=0, maximum=100), meaning="budget of changes to one target"
        ),
        "never_open": Field(
            shape=ListOf(item=Text()), meaning="names of alerts that never open an incident"
        ),
        "severities": Field(
            shape=MapOf(
                key=r"P[0-3]",
                item=Record(
                    fields={
                        "respond_within": Field(
                            shape=_SOME_TIME, meaning="time until somebody has acknowledged"
                        ),
                        "escalate_after": Field(
                            shape=_SOME_TIME, meaning="time until more people are asked for"
                        ),
                        "channel": Field(shape=Text(), meaning="channel in which it is announced"),
                    }
                ),
            ),
            meaning="what each severity demands",
        ),
        "alerts": Field(
            shape=MapOf(
                key=r".+",
                item=Record(
                    fields={
                        "severity": Field(shape=_SEVERITY, meaning="how bad it is", required=True),
                        "because": Field(shape=Text(), meaning="why", required=True),
                    }
                ),
            ),
            meaning="how bad an alert of this name is; wins over the built-in catalogue",
        ),
    }
)

PEOPLE_SHAPE = Record(
    fields={
        "people": Field(
            shape=ListOf(
                item=Record(
                    fields={
                        "id": Field(shape=_ID, meaning="what events carry", required=True),
                        "name": Field(shape=Text(), meaning="what is shown", required=True),
                        "slack": Field(shape=Text(), meaning="Slack user id"),
                        "unix": Field(shape=Text(), meaning="login name on the server"),
                        "roles": Field(
                            shape=ListOf(item=_ID), meaning="as on-call-sre, service-owner"
                        ),
                    }
                )
            ),
            meaning="everybody that triaged knows",
            required=True,
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the folder says; `runbooks` are the folders to load runbooks from."""

    policy: Policy
    people: People
    policy_text: str
    runbooks: tuple[Path, ...]


def load(folder: Path | None) -> Configuration:
    """Return the configuration; raises Rejected with file and line of everything wrong."""
    policy_text, policy = _read(folder, POLICY, POLICY_SHAPE)
    _, people = _read(folder, PEOPLE, PEOPLE_SHAPE)
    known = People(_person(one) for one in people.get("people", ()))
    own = () if folder is None or not (folder / "runbooks").is_dir() else (folder / "runbooks",)
    digest = hashlib.sha256(policy_text.encode()).hexdigest()
    return Configuration(
        policy=replace(_policy(policy, known, folder), digest=digest),
        people=known,
        policy_text=policy_text,
        runbooks=own,
    )


def _read(folder: Path | None, name: str, shape: Shape) -> tuple[str, Mapping[str, Any]]:
    """Return the file's text and what it says; nothing where there is no file."""
    if folder is None or not (folder / name).is_file():
        return "", {}
    file = str(folder / name)
    text = (folder / name).read_text(encoding="utf-8")
    document = read(text, file=file)
    problems = list(document.problems)

    def complain(line: int, what: str) -> None:
        problems.append(Problem(file=file, line=line, what=what))

    found = Conform(complain=complain).read(document.root, shape, name) if document.root else {}
    refuse(problems)
    return text, found if isinstance(found, dict) else {}


def _person(entry: Mapping[str, Any]) -> Person:
    return Person(
        id=entry["id"],
        name=entry["name"],
        slack=entry.get("slack", ""),
        unix=entry.get("unix", ""),
        roles=tuple(entry.get("roles", ())),
    )


def _policy(entry: Mapping[str, Any], people: People, folder: Path | None) -> Policy:
    base = default_policy()
    # Who may approve is a list of people; without one it is whoever is on call.
    named = tuple(entry.get("approvers", ()))
    on_call = tuple(person.id for person in people.with_role("on-call-sre"))
    unknown = [name for name in named if people.get(name) is None]
    where = str((folder or Path()) / POLICY)
    refuse([_stranger(name, where) for name in unknown])
    plain = {
        name: entry[name]
        for name in ("approvals_needed", "approval_expiry", "hold", "archive_after")
        if name in entry
    }
    return replace(
        base,
        **plain,
        approvers=named or on_call,
        requester_may_approve=entry.get("requester_may_approve", "yes") == "yes",
        changes_per_hour=entry.get("changes_per_hour", base.changes_per_hour),
        never_open=base.never_open | frozenset(entry.get("never_open", ())),
        demands=_demands(entry.get("severities", {}), base.demands),
        catalogue={**base.catalogue, **_catalogue(entry.get("alerts", {}))},
    )


def _stranger(name: str, file: str) -> Problem:
    return Problem(file=file, line=1, what=f"approver {name!r} is not in {PEOPLE}")


def _demands(
    entries: Mapping[str, Any], base: Mapping[Severity, Demand]
) -> Mapping[Severity, Demand]:
    changed = {Severity[name]: replace(base[Severity[name]], **e) for name, e in entries.items()}
    return {**base, **changed}


def _catalogue(entries: Mapping[str, Any]) -> Mapping[str, Judged]:
    return {
        name: Judged(severity=Severity[one["severity"]], because=one["because"])
        for name, one in entries.items()
    }
