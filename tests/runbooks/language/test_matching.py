"""Which runbook runs: never by chance."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import Rejected
from runbooks.language import loader, matchers, registry
from runbooks.language.matchers import Matcher, Operator
from runbooks.language.matching import choose
from runbooks.language.model import Match

VERBS = registry.verbs()
TEXT = "title: T\nsteps: [{id: w, title: W, do: wait, with: {for: 5m}}]\n"


def book(name: str, *labels: str, addresses: tuple[str, ...] = (), priority: int = 50):
    plain = loader.load_text(TEXT, name=name, verbs=VERBS)
    match = Match(labels=tuple(matchers.parse(text) for text in labels), addresses=addresses)
    return replace(plain, match=match, priority=priority)


def shelf(*books):
    return {one.name: one for one in (*books, book("triage"))}


LABELS = {"alertname": "VLLMPreemptionsHigh", "severity": "warning", "namespace": "llm-d"}


def test_the_address_in_the_alert_decides_first():
    """Whoever wrote the alert knew which runbook is meant."""
    books = shelf(
        book("named", 'alertname="Other"', addresses=(".*/named",)),
        book("fitting", 'alertname="VLLMPreemptionsHigh"', 'severity="warning"'),
    )

    chosen = choose(LABELS, "https://runbooks.example.com/named", runbooks=books)

    assert (chosen.runbook.name, chosen.because) == (
        "named",
        "the alert's runbook_url names named",
    )


def test_the_most_matchers_decide_next():
    """The more precise runbook is for this alert, the other one for its kind."""
    books = shelf(
        book("broad", 'alertname=~"VLLM.*"', priority=90),
        book("narrow", 'alertname=~"VLLM.*"', 'severity="warning"', priority=1),
    )

    chosen = choose(LABELS, "", runbooks=books)

    assert chosen.runbook.name == "narrow"
    assert chosen.because == 'the alert fits alertname=~"VLLM.*" and severity="warning"'


def test_the_priority_decides_between_equals():
    """The author's last word."""
    books = shelf(
        book("low", 'alertname=~"VLLM.*"', priority=1),
        book("high", 'alertname=~"VLLMPre.*"', priority=9),
    )

    assert choose(LABELS, "", runbooks=books).runbook.name == "high"


def test_an_alert_that_nothing_matches_goes_to_triage():
    """Nobody is left alone with an unknown alert."""
    books = shelf(book("other", 'alertname="Other"', addresses=(".*/other",)))

    chosen = choose(LABELS, "https://example.com/unknown", runbooks=books)

    assert (chosen.runbook.name, chosen.because) == (
        "triage",
        "no other runbook matches the alert",
    )


def test_without_triage_nothing_is_chosen():
    """The loader refuses such a library; the choice does not guess either."""
    with pytest.raises(Rejected, match="there is no triage"):
        choose(LABELS, "", runbooks={})


@pytest.mark.parametrize(
    "alertname",
    [
        "VLLMPreemptionsHigh",
        "VLLMKVCacheCritical",
        "HighInferencePoolAvgKVCacheUtilization",
        "LLMDKVCacheOverflow",
    ],
)
def test_the_shipped_runbook_takes_the_alerts_that_it_is_for(alertname):
    """The story begins here."""
    chosen = choose({"alertname": alertname}, "", runbooks=loader.load())

    assert chosen.runbook.name == "cache-evictions"


def test_the_shipped_runbook_is_found_by_its_address():
    """The annotation of the rules that we ship."""
    found = choose({}, "https://runbooks.triaged.dev/kv-cache-exhausted", runbooks=loader.load())

    assert found.runbook.name == "cache-evictions"


@pytest.mark.parametrize(
    ("text", "labels", "fits"),
    [
        pytest.param('a="x"', {"a": "x"}, True, id="equal"),
        pytest.param('a="x"', {"a": "xx"}, False, id="equal-is-whole"),
        pytest.param('a=""', {}, True, id="a-missing-label-is-empty"),
        pytest.param('a!="x"', {}, True, id="a-missing-label-is-not-x"),
        pytest.param('a=~"x|y"', {"a": "y"}, True, id="one-of"),
        pytest.param('a=~"x|y"', {"a": "yy"}, False, id="anchored-at-the-end"),
        pytest.param('a=~"x|y"', {"a": "zx"}, False, id="anchored-at-the-start"),
        pytest.param('a=~"x.*"', {"a": "x\n"}, False, id="a-dot-is-no-line-end"),
        pytest.param('a!~"x.*"', {"a": "y"}, True, id="fits-not"),
        pytest.param(r'a="say \"hi\" \\ \n"', {"a": 'say "hi" \\ \n'}, True, id="escapes"),
        pytest.param('a=~".*"', {"a": "x" * 10_000}, False, id="too-long-to-be-matched"),
    ],
)
def test_matchers_compare_as_alertmanager_does(text, labels, fits):
    """People copy them from their routes."""
    matcher = matchers.parse(text)

    assert matcher.fits(labels) is fits
    assert matchers.parse(str(matcher)) == matcher


@given(st.text(max_size=60), st.sampled_from(Operator))
def test_a_matcher_is_read_back_as_it_was_written(value, operator):
    """What a card shows is what was compared."""
    matcher = Matcher(label="a", operator=operator, value=value)
    try:
        read = matchers.parse(str(matcher))
    except ValueError:
        return  # the value is no pattern, and the operator needs one

    assert read == matcher
