"""Parameters: typed, bounded, and texts in the journal."""

import pytest

from incidents.errors import Rejected
from runbooks.language import loader, parameters

TYPED = """
title: Typed
parameters:
  pods: {type: int, minimum: 1, maximum: 9, default: 4, meaning: Pods}
  share: {type: percent, minimum: 10%, maximum: 90%, default: 50%, meaning: Share}
  pause: {type: duration, minimum: 1m, maximum: 1h, default: 5m, meaning: Pause}
  more: {type: choice, choices: ["+1", "+2"], default: "+1", meaning: More}
  why: {type: text, default: because, meaning: Why}
steps:
  - {id: w, title: W, do: wait, with: {for: $pause}}
  - id: s
    title: S
    do: scale
    with: {replicas: $more, at_most: $pods}
    verify: {settle: 5m, window: 5m, expect: [{signal: waiting, at_most: 1}]}
"""


@pytest.fixture
def typed(verbs):
    text = TYPED.replace(
        "  share: {type: percent, minimum: 10%, maximum: 90%, default: 50%, meaning: Share}\n", ""
    )
    text = text.replace("  why: {type: text, default: because, meaning: Why}\n", "")
    return loader.load_text(text, name="typed", verbs=verbs)


def test_what_nobody_set_has_its_default(typed):
    """A run keeps all of them, so that a later default changes nothing."""
    assert parameters.settle(typed, {"pods": "6"}) == (
        ("pods", "6"),
        ("pause", "5m"),
        ("more", "+1"),
    )


def test_everything_wrong_with_what_was_set_is_said_at_once(typed):
    """A person corrects a form once."""
    with pytest.raises(Rejected) as refused:
        parameters.settle(typed, {"pods": "12", "pause": "soon", "colour": "red"})

    assert str(refused.value) == (
        "colour: no parameter of typed; pods: 12 is more than 9;"
        " pause: 'soon' is no duration such as 30s, 10m or 1h30m"
    )


def test_a_step_gets_the_values_of_the_run(typed):
    """Texts of the journal become values of the step's types again."""
    step = typed.step("s")
    pairs = parameters.settle(typed, {"pods": "6", "more": "+2"})

    assert parameters.arguments(step, typed, pairs) == {
        "replicas": "+2",
        "at_most": 6,
        "at_least": 1,
    }


def test_a_value_that_no_longer_fits_is_refused(typed):
    """The journal is older than the bounds of today's runbook."""
    with pytest.raises(Rejected, match=r"s: \$pods: 99 is more than 9"):
        parameters.arguments(typed.step("s"), typed, (("pods", "99"),))


@pytest.mark.parametrize("name", ["share", "why"])
def test_a_parameter_that_nothing_uses_is_refused(verbs, name):
    """Somebody would set it and wonder."""
    with pytest.raises(Rejected, match=rf"no step uses \${name}"):
        loader.load_text(TYPED, name="typed", verbs=verbs)


@pytest.mark.parametrize(
    ("was", "by", "words"),
    [
        ("maximum: 9, default: 4", "maximum: 9, default: 40", "the default does not fit: 40 is"),
        ("maximum: 9", "maximum: 5000", r"\$pods may not fit: 5000 is more than 1000"),
        ("maximum: 1h", "maximum: 30d", r"\$pause may not fit: 30d is longer than 7d"),
        ("default: 50%", "default: 95%", "the default does not fit: 95 is more than 90"),
    ],
)
def test_bounds_that_the_step_does_not_share_are_refused(verbs, was, by, words):
    """A value that is allowed at the start must not fail in the middle."""
    with pytest.raises(Rejected, match=words):
        loader.load_text(TYPED.replace(was, by), name="typed", verbs=verbs)


INTENDED = TYPED.replace("default: 4,", "default: 4, intended: most,").replace(
    "why: {type: text,", "why: {type: text, intended: normal,"
)


@pytest.fixture
def bounded(verbs):
    """Return a runbook whose `pods` are the most that environments.yaml says."""
    lines = [line for line in INTENDED.splitlines() if "  share:" not in line]
    text = "\n".join(line for line in lines if "  why:" not in line)
    return loader.load_text(text, name="typed", verbs=verbs)


@pytest.mark.parametrize(
    ("given", "intended", "pods"),
    [
        pytest.param({}, {"most": 7}, "7", id="what-is-intended-goes-before-the-default"),
        pytest.param({"pods": "6"}, {"most": 7}, "6", id="what-a-person-sets-goes-before-it"),
        pytest.param({}, {"most": 12}, "9", id="the-runbook's-own-most-holds"),
        pytest.param({}, {"most": 0}, "1", id="and-its-least"),
        pytest.param({}, {"least": 7}, "4", id="another-size-is-not-meant"),
        pytest.param({}, {}, "4", id="nothing-is-intended"),
    ],
)
def test_a_parameter_is_the_size_that_is_intended(bounded, given, intended, pods):
    """A team that says once how large production may be need not copy every runbook."""
    assert dict(parameters.settle(bounded, given, intended=intended))["pods"] == pods


def test_a_text_may_be_the_size_to_go_back_to(verbs):
    """`replicas` takes a text, because of +2 and +50 %."""
    text = TYPED.replace('more: {type: choice, choices: ["+1", "+2"], default: "+1",', "more: {")
    text = text.replace("more: {", 'more: {type: text, intended: normal, default: "4",')
    lines = [line for line in text.splitlines() if not line.startswith(("  share:", "  why:"))]
    runbook = loader.load_text("\n".join(lines), name="typed", verbs=verbs)

    pairs = parameters.settle(runbook, {}, intended={"normal": 6})

    assert parameters.arguments(runbook.step("s"), runbook, pairs)["replicas"] == "6"


def test_only_sizes_that_there_are_can_be_intended(verbs):
    """A slip of the pen would otherwise be the default for ever."""
    with pytest.raises(Rejected, match="expected one of normal, least, most, found 'mots'"):
        loader.load_text(INTENDED.replace("most", "mots"), name="typed", verbs=verbs)
