"""What the pages show, and what they never do."""

import json
import re

import pytest

from incidents.events import incident
from incidents.events.run import ActionPlanned, StepFinished, StepStarted
from tests.bot.postmortem.tale import (
    APPROVAL,
    INCIDENT,
    RUN,
    Tale,
    fired,
    kv_cache_story,
    opened,
    plan,
    started,
)
from tests.bot.web.reading import Reader

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"' onmouseover=x {{ 7*7 }} {% x %}"
    "\u202egnp.exe \x00 end"
)


@pytest.fixture(scope="module")
def tale() -> Tale:
    """Tell the story once; nobody changes it."""
    return kv_cache_story()


def test_the_list_names_every_incident(tale: Tale) -> None:
    """Whoever comes on duty begins here."""
    found = Reader(tale).get("/incidents.json").json()

    assert found == {
        "incidents": [
            {
                "number": 1,
                "label": "INC-1",
                "severity": "P2",
                "state": "resolved",
                "title": "Requests of llama-3-70b are preempted",
                "opened_at": "2026-03-01T12:00:48+00:00",
                "updated_at": "2026-03-01T12:27:32+00:00",
                "closed_at": "2026-03-01T12:27:32+00:00",
            }
        ]
    }


def test_an_empty_desk_says_so() -> None:
    """A blank page looks broken."""
    assert "None yet" in Reader(Tale()).get("/").text


@pytest.mark.parametrize(
    "said",
    [
        "P2 because <bdi>running requests are preempted and recomputed: users wait longer",
        "was approved by Alice Ng and carried out",
        "<strong>kv-cache</strong>",
        "kubectl -n llm-d scale",
        "15 min 32 s",
        "6.2 requests per second were preempted",
    ],
)
def test_the_page_tells_the_story(tale: Tale, said: str) -> None:
    """State, reason, decision, evidence, measures: one page is enough to take over."""
    assert said in Reader(tale).get("/incidents/1").text


def test_the_page_says_mitigating_while_a_change_is_not_verified() -> None:
    """The headline in Slack says so; two words for one moment would start a discussion."""
    tale = Tale().tell(INCIDENT, opened(), fired()).tell(RUN, started())
    claimed = StepStarted(step="add-decode", approval=APPROVAL, digest=plan().digest, before=())
    tale.tell(RUN, ActionPlanned(step="add-decode", plan=plan(), approval=APPROVAL, attempt=1))
    tale.tell(RUN, claimed, StepFinished(step="add-decode", detail="replicas 6"))

    assert (
        '<span class="state mitigating">mitigating</span>' in Reader(tale).get("/incidents/1").text
    )


def test_the_timeline_goes_on_from_a_row(tale: Tale) -> None:
    """Whoever follows asks for what is new, and gets each row once."""
    reader = Reader(tale)
    everything = reader.get("/incidents/1/timeline.json?after=0").json()["rows"]

    later = reader.get("/incidents/1/timeline.json?after=25").json()["rows"]

    assert later == everything[25:]
    assert everything[-3] == {
        "at": "2026-03-01T12:27:32+00:00",
        "text": "resolved: every alert has ended for 10 min",
        "by": "triaged",
        "weight": "headline",
        "kind": "IncidentResolved",
        "stream": "incident-1",
        "version": 10,
    }


def test_programs_get_the_id_and_people_the_name(tale: Tale) -> None:
    """Names change and are not unique; ids are for programs."""
    rows = Reader(tale).get("/incidents/1/timeline.json").json()["rows"]

    (given,) = [row for row in rows if row["kind"] == "ApprovalGiven"]
    assert (given["by"], given["text"]) == ("alice", "approved by Alice Ng through slack")


@pytest.mark.parametrize(
    "number",
    ["2", "0", "-1", "01", "x", "9" * 30, "9" * 5000, "1.0", "%00"],
    ids=lambda number: f"{number[:4]}-of-{len(number)}",
)
@pytest.mark.parametrize("rest", ["", "/timeline.json"])
def test_what_is_no_incident_is_not_found(tale: Tale, number: str, rest: str) -> None:
    """A slip in an address is no crash and no empty incident."""
    assert Reader(tale).get(f"/incidents/{number}{rest}").status_code == 404


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "", "9" * 30])
def test_what_is_no_index_is_refused(tale: Tale, after: str) -> None:
    """Silently beginning at zero would show every row twice."""
    answer = Reader(tale).get(f"/incidents/1/timeline.json?after={after}")

    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/", "/incidents/1", "/incidents.json"])
def test_head_answers_like_get_without_a_body(tale: Tale, path: str) -> None:
    """Probes and link checkers ask with HEAD."""
    reader = Reader(tale)

    head, get = reader.ask("HEAD", path), reader.get(path)

    assert (head.status_code, head.headers["etag"]) == (200, get.headers["etag"])


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/incidents/1"])
def test_nothing_is_changed_through_a_page(tale: Tale, method: str, path: str) -> None:
    """The pages read; changes go through approvals."""
    assert Reader(tale).ask(method, path).status_code == 405


def test_a_page_that_has_not_changed_costs_no_body(tale: Tale) -> None:
    """Forty open pages ask every few seconds."""
    reader = Reader(tale)
    tag = reader.get("/incidents/1").headers["etag"]

    again = reader.get("/incidents/1", headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")


def test_a_page_loads_nothing_and_runs_only_its_own_script(tale: Tale) -> None:
    """A policy with a gap is how a label becomes a program."""
    answer = Reader(tale).get("/incidents/1")

    policy = dict(
        part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", policy["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", policy["style-src"])
    assert not re.findall(r"(?:src|href)=\"?(?:https?:)?//", answer.text)
    assert not re.findall(r" on\w+=| style=", answer.text)


def test_foreign_text_is_text() -> None:
    """What an alert says must neither run nor hide: it is shown as it is."""
    tale = Tale()
    (text,) = tale.store.texts.keep([json.dumps({"summary": HOSTILE, HOSTILE: "x"})])
    tale.tell(
        INCIDENT,
        opened(namespace=HOSTILE, model="m"),
        fired(
            name=HOSTILE, title=HOSTILE, because=HOSTILE, labels=((HOSTILE, HOSTILE),), text=text
        ),
        incident.ChannelOpened(platform="slack", channel="C1", name=HOSTILE),
    )

    page = Reader(tale).get("/incidents/1").text

    assert page.count("<script>") == 1
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }} {% x %}" in page
    assert "\\u202egnp.exe \\u0000 end" in page
    assert "\u202e" not in page


def test_a_lone_surrogate_has_bytes() -> None:
    """One broken emoji in a label must not take the page of an incident away."""
    tale = Tale()
    tale.tell(INCIDENT, opened(), fired(title="broken \ud83d emoji"))
    reader = Reader(tale)

    assert "broken \\ud83d emoji" in reader.get("/incidents/1").text
    assert reader.get("/incidents.json").status_code == 200
    assert reader.get("/incidents/1/timeline.json").status_code == 200


def test_a_storm_is_cut_and_says_so() -> None:
    """A page of ten thousand rows, asked for every three seconds, would be a storm of its own."""
    tale = Tale()
    tale.tell(INCIDENT, opened(), *(fired(fingerprint=f"f{n}") for n in range(1000)))

    page = Reader(tale).get("/incidents/1").text

    assert page.count("<time datetime") == 300
    assert "701 earlier rows are in timeline.json" in page


@pytest.mark.parametrize(
    ("events", "live"),
    [
        pytest.param((), True, id="resolved"),
        pytest.param((incident.PostmortemWritten(name="INC-1.md", digest="d"),), True, id="told"),
        pytest.param(
            (
                incident.PostmortemWritten(name="INC-1.md", digest="d"),
                incident.ChannelArchived(channel="C1"),
            ),
            False,
            id="archived",
        ),
    ],
)
def test_a_page_stops_asking_when_nothing_can_follow(
    events: tuple[object, ...], live: bool
) -> None:
    """A tab that was left open for a week must not ask for a week."""
    tale = kv_cache_story()
    if events:
        tale.tell(INCIDENT, *events)

    assert ("data-every" in Reader(tale).get("/incidents/1").text.split("<script>")[0]) == live


def test_the_list_says_what_is_wrong_with_the_desk_itself(tale: Tale) -> None:
    """A policy that was refused must not be known to the log alone."""
    said = Reader(tale, notice=f"policy.yaml:2: {HOSTILE}").get("/").text

    assert "policy.yaml:2: &lt;script&gt;" in said
    assert "policy.yaml" not in Reader(tale).get("/").text
