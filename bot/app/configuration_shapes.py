"""Shapes of the configuration's files: the loader reads by them, the schemas are made of them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any  # JSON Schema is nested without end

from bot.app import (
    configuration_environments,
    configuration_gathering,
    configuration_guardrails,
    configuration_objectives,
    configuration_ownership,
    configuration_severity,
)
from runbooks.language.schema import published
from runbooks.language.shapes import (
    Choice,
    Duration,
    Field,
    Integer,
    ListOf,
    MapOf,
    Percent,
    Record,
    Text,
    Variants,
)

POLICY = "policy.yaml"
PEOPLE = "people.yaml"
OWNERSHIP = "ownership.yaml"
OBJECTIVES = "objectives.yaml"
ENVIRONMENTS = "environments.yaml"

_ID = Text(pattern=r"[a-z0-9][a-z0-9._-]*", example="alice", longest=64)
_SOME_TIME = Duration(minimum=timedelta(seconds=1))
_A_WHILE = Duration(minimum=timedelta(minutes=1))

POLICY_SHAPE = Record(
    fields={
        "approvers": Field(shape=ListOf(item=_ID), meaning="ids of the people who may approve"),
        "approvals_needed": Field(
            shape=Integer(minimum=1, maximum=5), meaning="how many different people must approve"
        ),
        "irreversible_needs": Field(
            shape=Integer(minimum=1, maximum=5),
            meaning="how many of them at least, where a change cannot be undone",
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
        "follow_ups": Field(
            shape=Record(
                fields={
                    "remind_every": Field(
                        shape=_A_WHILE, meaning="between reminders of what was left on purpose"
                    ),
                    "review_every": Field(
                        shape=_A_WHILE, meaning="between reminders of what runbooks leave to do"
                    ),
                }
            ),
            meaning="how often people are reminded, from the due time on",
        ),
        "degraded": Field(
            shape=Record(
                fields={
                    "window": Field(
                        shape=Duration(
                            minimum=timedelta(seconds=10), maximum=timedelta(minutes=10)
                        ),
                        meaning="so far back our own requests count",
                    ),
                    "fewest": Field(
                        shape=Integer(minimum=1, maximum=10_000),
                        meaning="of fewer requests nothing is concluded",
                    ),
                    "failing": Field(
                        shape=Percent(minimum=1, maximum=100),
                        meaning="share of them that failed or was slow",
                    ),
                    "slow": Field(
                        shape=Duration(minimum=timedelta(seconds=1), maximum=timedelta(minutes=1)),
                        meaning="an answer that takes longer is slow",
                    ),
                }
            ),
            meaning="when an API server is not written to until it is calm",
        ),
        "acting": Field(
            shape=ListOf(item=Text(pattern=r"\*|[a-z0-9][a-z0-9-]*", example="cache-evictions")),
            meaning="names of runbooks that act once people have approved, `*` for all; any other "
            "is in shadow: it plans, asks nobody and changes nothing",
        ),
        "shadow": Field(
            shape=Choice(choices=("yes", "no")),
            meaning="whether everything is in shadow, whatever `acting` says, for runs that begin "
            "from then on",
        ),
        "shadow_watch": Field(
            shape=_SOME_TIME,
            meaning="how long it is watched what people do where a runbook is in shadow",
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
        **configuration_severity.FIELDS,
        configuration_gathering.FIELD: Field(
            shape=configuration_gathering.SHAPE, meaning="which alerts become which incident"
        ),
        configuration_guardrails.FIELD: Field(
            shape=configuration_guardrails.SHAPE, meaning="what every change must keep to"
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
                            shape=ListOf(item=_ID),
                            meaning="as on-call-sre, who may approve where policy.yaml has no "
                            "approvers",
                        ),
                    }
                )
            ),
            meaning="everybody that triaged knows",
            required=True,
        )
    }
)

SHAPES: Mapping[str, Record | Variants] = {
    POLICY: POLICY_SHAPE,
    PEOPLE: PEOPLE_SHAPE,
    OWNERSHIP: configuration_ownership.SHAPE,
    OBJECTIVES: configuration_objectives.SHAPE,
    ENVIRONMENTS: configuration_environments.SHAPE,
}
"""Every file of the folder that this release reads, beside `runbooks/`."""


def schema(name: str) -> dict[str, Any]:  # see the import
    """Return the JSON Schema of a file, for editors; ids that must exist only the loader checks."""
    return {**published(SHAPES[name]), "title": f"triaged {name}"}
