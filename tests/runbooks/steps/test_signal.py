"""signal: within, beyond, or nobody knows."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.signals.reading import NotApplicable
from runbooks.language.declaration import Finding
from runbooks.steps.signal import STEP

WORST = "; worst is decode-0 with 5"


@pytest.mark.parametrize(
    ("bounds", "verdict", "words"),
    [
        pytest.param({"at_most": 5.0}, "within", "at most 5", id="at-the-bound"),
        pytest.param({"at_most": 4.9}, "beyond", f"at most 4.9{WORST}", id="above"),
        pytest.param({"at_least": 5.1}, "beyond", f"at least 5.1{WORST}", id="below"),
        pytest.param(
            {"at_least": 1.0, "at_most": 9.0}, "within", "at least 1 and at most 9", id="between"
        ),
    ],
)
def test_the_newest_value_is_held_against_the_bounds(ask, bounds, verdict, words):
    """A bound itself is still within."""
    found = STEP.judge(ask({"signal": "waiting", **bounds}, waiting=5.0))

    assert (found.verdict, found.because) == (verdict, f"waiting is 5 u, expected {words}")


def test_the_number_is_kept_with_its_query(ask):
    """Anybody can ask Prometheus again."""
    (kept,) = STEP.judge(ask({"signal": "waiting", "at_most": 9.0}, waiting=5.0)).evidence

    assert (kept.name, kept.value, kept.query) == ("waiting", 5.0, "q(waiting)")


@pytest.mark.parametrize(
    ("bounds", "worst"),
    [
        pytest.param({"at_most": 4.0}, "decode-1", id="the-highest"),
        pytest.param({"at_least": 6.0}, "decode-0", id="the-lowest"),
        pytest.param({"at_most": 9.0}, None, id="none-of-what-is-within"),
    ],
)
def test_the_pod_that_is_farthest_beyond_is_named(ask, bounds, worst):
    """What acts on one pod must know which; of a pool that is well nobody is the worst."""
    question = ask({"signal": "waiting", **bounds}, waiting=5.0)
    both = question.signals.read_by_pod("waiting", question.target, at=question.at)
    apart = {"decode-0": both["decode-0"], "decode-1": replace(both["decode-1"], value=5.5)}
    question.signals.read_by_pod = lambda *_, **__: apart

    found = STEP.judge(question)

    assert found.found == ((("pod", worst),) if worst else ())
    assert [one.pod for one in found.evidence if one.pod] == ([worst] if worst else [])


def test_without_numbers_by_pod_nobody_is_named(ask):
    """A ratio of the gateway is nobody's in particular."""
    question = ask({"signal": "waiting", "at_most": 4.0}, waiting=5.0)
    question.signals.read_by_pod = lambda *_, **__: NotApplicable(signal="waiting", because="")

    assert STEP.judge(question).found == ()


def test_over_a_while_the_mean_is_judged(ask):
    """One peak is not a queue."""
    question = ask({"signal": "waiting", "at_most": 9.0, "over": timedelta(minutes=10)}, waiting=5)

    assert STEP.judge(question).verdict == "within"


def test_too_few_samples_are_no_answer(ask):
    """A mean of two samples is chance."""
    question = ask({"signal": "waiting", "at_most": 9.0, "over": timedelta(minutes=10)}, waiting=5)
    whole = question.signals.read_range

    def two(*args, **kwargs):
        samples = whole(*args, **kwargs)
        return type(samples)(signal=samples.signal, unit="u", query="q", points=samples.points[:2])

    question.signals.read_range = two

    found = STEP.judge(question)

    assert (found.verdict, found.because) == (
        "cannot_tell",
        "waiting: no data: warning or partial result (2 samples, 3 are needed)",
    )


@pytest.mark.parametrize("over", [{}, {"over": timedelta(minutes=10)}], ids=["now", "over"])
def test_no_data_is_not_zero(ask, over):
    """A missing queue is not an empty queue."""
    found = STEP.judge(ask({"signal": "waiting", "at_most": 9.0, **over}))

    assert isinstance(found, Finding)
    assert (found.verdict, found.because) == ("cannot_tell", "waiting: no data: not scraped")
    assert found.evidence[0].value is None
