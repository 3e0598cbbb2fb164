"""Configuration: what the folder says, over the defaults that need no folder."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any  # what the shapes have checked

from bot.app import configuration_environments as intentions
from bot.app import configuration_gathering as gatherings
from bot.app import configuration_guardrails as rails
from bot.app import configuration_objectives as promises
from bot.app import configuration_ownership as owners
from bot.app import configuration_severity as severities
from bot.app.configuration_shapes import (
    ENVIRONMENTS,
    OBJECTIVES,
    OWNERSHIP,
    PEOPLE,
    POLICY,
    SHAPES,
)
from cluster.drift.intended import NOTHING, Environments
from incidents.default_policy import default_policy
from incidents.errors import Rejected
from incidents.maintenance import held
from incidents.objectives import Objectives
from incidents.ownership import OwnershipMap
from incidents.people import People, Person
from incidents.policy import EVERY, Degraded, Demand, Policy, Severity
from runbooks.language.conform import Conform
from runbooks.language.document import Node, read
from runbooks.language.loader import LIBRARY
from runbooks.language.positions import line
from runbooks.language.problem import Problem, refuse

RUNBOOKS = "runbooks"
ON_CALL = "on-call-sre"
NOTHING_PROMISED = Objectives()
NEEDED = ("approvals_needed", "irreversible_needs")
"""How many must approve: more than there are would never be reached."""
UNIQUE = ("id", "slack", "unix")
"""What names one person; in two entries it would make them one, or two approvals of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What the folder says; `runbooks` are the folders to load runbooks from.

    `wrong` is what was left out of it because it is wrong, for those who need none of that.
    """

    policy: Policy
    people: People
    policy_text: str
    runbooks: tuple[Path, ...]
    objectives: Objectives = NOTHING_PROMISED
    environments: Environments = NOTHING
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One file as it was read; `says` is empty where there is no file."""

    name: str
    text: str = ""
    root: Node | None = None
    says: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()

    def problem(self, what: str, *path: str | int) -> Problem:
        """Return a problem with what stands at the path."""
        return Problem(file=self.name, line=line(self.root, path), what=what)


def load(folder: Path | None, *, files: Collection[str] = SHAPES) -> Configuration:
    """Return the configuration; raises Rejected with file and line of everything wrong.

    A file that is not among `files` counts as missing.
    """
    found = {name: _read(folder if name in files else None, name) for name in SHAPES}
    policy, people = found[POLICY], found[PEOPLE]
    refuse(
        [*_strays(folder, files), *(problem for one in found.values() for problem in one.problems)]
    )
    refuse(list(_twice(people)))
    known = People(_person(one) for one in people.says.get("people", ()))
    own = () if folder is None or not (folder / RUNBOOKS).is_dir() else (folder / RUNBOOKS,)
    refuse(list(_no_runbooks(policy, own)))
    promised = _objectives(found[OBJECTIVES])
    whole = replace(_checked(policy, known), ownership=_ownership(found[OWNERSHIP], known))
    return Configuration(
        policy=keeping(whole, promised),
        people=known,
        policy_text=policy.text,
        runbooks=own,
        objectives=promised,
        environments=_environments(found[ENVIRONMENTS]),
    )


def names(folder: Path | None) -> tuple[str, ...]:
    """Return what of ours is in the folder: files that are read, and the folder of runbooks."""
    if folder is None:
        return ()
    return tuple(name for name in (*SHAPES, RUNBOOKS) if (folder / name).exists())


def keeping(policy: Policy, promised: Objectives) -> Policy:
    """Return the policy with the planned work of the objectives that keeps alerts back, too."""
    windows = (*policy.gathering.maintenance, *held(promised.planned))
    return replace(policy, gathering=replace(policy.gathering, maintenance=windows))


def _ownership(file: _File, people: People) -> OwnershipMap:
    refuse([file.problem(what, *where) for what, where in owners.wrong(file.says, people)])
    entries = range(len(file.says.get(owners.ENTRIES, ())))
    lines = [line(file.root, (owners.ENTRIES, index)) for index in entries]
    return owners.ownership(file.says, lines, file=OWNERSHIP)


def _environments(file: _File) -> Environments:
    refuse([file.problem(what, *where) for what, where in intentions.wrong(file.says)])
    said: Mapping[str, Any] = file.says.get(intentions.ENVIRONMENTS, {})
    lines = {
        name: [
            line(file.root, (intentions.ENVIRONMENTS, name, intentions.WORKLOADS, index))
            for index in range(len(one.get(intentions.WORKLOADS, ())))
        ]
        for name, one in said.items()
    }
    return intentions.environments(file.says, lines, file=ENVIRONMENTS)


def objectives_of(file: Path) -> Objectives:
    """Return the objectives of one file; raises Rejected with file and line."""
    found = _read_file(file, OBJECTIVES)
    refuse(found.problems)
    return _objectives(found)


def _objectives(file: _File) -> Objectives:
    refuse([file.problem(what, *where) for what, where in promises.wrong(file.says)])
    return promises.objectives(file.says)


def policy_of(file: Path, people: People) -> Policy:
    """Return the policy of one file, for these people; raises Rejected with file and line."""
    found = _read_file(file, POLICY)
    refuse(found.problems)
    return _checked(found, people)


def _checked(policy: _File, people: People) -> Policy:
    base = default_policy()
    mistakes = (
        *severities.wrong(policy.says, base),
        *gatherings.wrong(policy.says, base.gathering),
        *rails.wrong(policy.says),
    )
    wrong = (policy.problem(what, *where) for what, where in mistakes)
    refuse([*_nobody(policy, people), *wrong])
    digest = hashlib.sha256(policy.text.encode()).hexdigest()
    return replace(_policy(policy.says, people), digest=digest)


def _read(folder: Path | None, name: str) -> _File:
    if folder is None or not (folder / name).exists():
        return _File(name=name, says={})
    return _read_file(folder / name, name)


def _read_file(file: Path, name: str) -> _File:
    text = _text(file)
    document = read(text, file=str(file))
    problems = list(document.problems)

    def complain(line: int, what: str) -> None:
        problems.append(Problem(file=str(file), line=line, what=what))

    root, says = document.root, None
    if root is not None:
        says = Conform(complain=complain).read(root, SHAPES[name], name)
    return _File(
        name=str(file),
        text=text,
        root=root,
        says=says if isinstance(says, dict) else {},
        problems=tuple(problems),
    )


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        message = f"{file}: {error.strerror}"
        raise Rejected(message) from error
    except UnicodeDecodeError as error:
        message = f"{file}: it is no text in UTF-8: byte {error.start}"
        raise Rejected(message) from error


def _strays(folder: Path | None, files: Collection[str]) -> Iterator[Problem]:
    """Yield files that would be passed over: a policy in `policy.yml` would be in force nowhere.

    Where not all files are read, those are told that look like one that is.
    """
    if folder is None:
        return
    if not folder.is_dir():
        message = f"{folder}: there is no such folder"
        raise Rejected(message)
    known = {Path(name).stem for name in files}
    for one in sorted(folder.glob("*.y*ml")):
        if one.name not in SHAPES and (len(files) == len(SHAPES) or one.stem in known):
            what = f"no file of this name is read; known are {', '.join(SHAPES)}"
            yield Problem(file=str(one), line=1, what=what)


def _twice(people: _File) -> Iterator[Problem]:
    entries: Sequence[Mapping[str, Any]] = people.says.get("people", ())
    for field in UNIQUE:
        first = dict[str, str]()
        for index, entry in enumerate(entries):
            name = entry.get(field, "")
            if name and name in first:
                what = f"{field} {name!r} is that of {first[name]} already"
                yield people.problem(what, "people", index, field)
            first.setdefault(name, entry["id"])


def _nobody(policy: _File, people: People) -> Iterator[Problem]:
    """Yield approvers who do not exist, and a number of them that can never be reached."""
    named: Sequence[str] = policy.says.get("approvers", ())
    for index, name in enumerate(named):
        if people.get(name) is None:
            yield policy.problem(f"approver {name!r} is not in {PEOPLE}", "approvers", index)
    there = len(set(_approvers(policy.says, people)))
    said = [(needed, (name,)) for name in NEEDED if (needed := policy.says.get(name)) is not None]
    for needed, where in (*said, *rails.people(policy.says)):
        if there < needed:
            what = f"{needed} people must approve, and only {there} may"
            yield policy.problem(what, *where)


def _no_runbooks(policy: _File, own: Sequence[Path]) -> Iterator[Problem]:
    """Yield names of runbooks that do not exist: whoever mistypes one waits for it in vain."""
    files = (file for folder in (LIBRARY, *own) for file in folder.glob("*.y*ml"))
    known = {EVERY, *(file.stem for file in files)}
    named: Sequence[str] = policy.says.get("acting", ())
    for index, name in enumerate(named):
        if name not in known:
            what = f"there is no runbook {name!r}; known are {', '.join(sorted(known))}"
            yield policy.problem(what, "acting", index)


def _approvers(entry: Mapping[str, Any], people: People) -> tuple[str, ...]:
    """Return who may approve: the list, and without one whoever is on call."""
    on_call = tuple(person.id for person in people.with_role(ON_CALL))
    return tuple(entry.get("approvers", on_call))


def _person(entry: Mapping[str, Any]) -> Person:
    return Person(
        id=entry["id"],
        name=entry["name"],
        slack=entry.get("slack", ""),
        unix=entry.get("unix", ""),
        roles=tuple(entry.get("roles", ())),
    )


def _policy(entry: Mapping[str, Any], people: People) -> Policy:
    base = severities.changed(entry, default_policy())
    plain = {
        name: entry[name]
        for name in (*NEEDED, "approval_expiry", "hold", "archive_after", "shadow_watch")
        if name in entry
    }
    return replace(
        base,
        **plain,
        approvers=_approvers(entry, people),
        requester_may_approve=entry.get("requester_may_approve", "yes") == "yes",
        changes_per_hour=entry.get("changes_per_hour", base.changes_per_hour),
        follow_ups=replace(base.follow_ups, **entry.get("follow_ups", {})),
        degraded=_degraded(entry.get("degraded", {}), base.degraded),
        acting=frozenset(entry.get("acting", ())),
        shadow=entry.get("shadow", "no") == "yes",
        never_open=base.never_open | frozenset(entry.get("never_open", ())),
        gathering=gatherings.changed(entry, base.gathering),
        guardrails=rails.changed(entry, base.guardrails),
        demands=_demands(entry.get("severities", {}), base.demands),
    )


def _degraded(entry: Mapping[str, Any], base: Degraded) -> Degraded:
    share = {"failing": entry["failing"] / 100} if "failing" in entry else {}
    return replace(base, **{**entry, **share})


def _demands(
    entries: Mapping[str, Any], base: Mapping[Severity, Demand]
) -> Mapping[Severity, Demand]:
    changed = {Severity[name]: replace(base[Severity[name]], **e) for name, e in entries.items()}
    return {**base, **changed}
