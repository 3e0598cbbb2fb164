"""In whatever order, cut and number deliveries come, what is kept back is the same."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.journal import Aggregate
from storage.memory import MemoryStore
from tests.alert_webhooks.bodies import ENDS, alert, body, resolved
from tests.bot.intake.gathering import DOWN, RESTARTS, SLOW, Desk
from tests.property.gathering.test_gathering_machine import THREE

ONE_OF: Mapping[str, tuple[str, ...]] = {
    DOWN: ("",),
    SLOW: ("a",),
    RESTARTS: ("b",),
    "Snoozed": ("c",),
    "Other": ("d",),
}
"""Of each name the models: what concerns one key is kept back by one rule."""


@st.composite
def said(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw what is said of some occurrences: that they fire, and of some that they ended."""
    found = list[dict[str, Any]]()
    for number in range(draw(st.integers(min_value=1, max_value=6))):
        name = draw(st.sampled_from(sorted(ONE_OF)))
        model = draw(st.sampled_from(ONE_OF[name]))
        labels = {"alertname": name, "model_name": model, "severity": "warning"}
        one = alert(labels=labels, fingerprint=f"{number:x}")
        found.append(one)
        # What has ended does not count below a threshold: there the order is part of the question.
        if name != RESTARTS and draw(st.booleans()):
            found.append(ended(one))
    return found


def ended(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return that an occurrence has ended."""
    return resolved(**{**one, "endsAt": ENDS})


def after(deliveries: Sequence[dict[str, Any]], cuts: Sequence[int]) -> object:
    """Return where every occurrence is after the deliveries, cut into bodies of these sizes."""
    desk = Desk(store=MemoryStore())
    desk.rules(thresholds=(THREE,))
    desk.snooze("Snoozed")
    rest = list(deliveries)
    for size in cuts:
        desk.deliver(body(*rest[:size])) if rest else None
        rest = rest[size:]
    desk.deliver(body(*rest)) if rest else None
    desk.turn()
    desk.turn(seconds=6)
    return _where(desk)


def _where(desk: Desk) -> dict[str, object]:
    """Return of each occurrence that fires whether it stands for itself, is hidden or waits."""
    found = dict[str, object]()
    for one in desk.incidents:
        state = "hidden" if one.under is not None else "open"
        for name, o in one.alerts.items():
            if o.ends_at is None:
                found[name] = (state, one.key)
    for row in desk.store.journal.summaries(aggregate=Aggregate.KEPT):
        kept = desk.desk.kept(row.stream)
        for name, k in kept.alerts.items():
            state = "hidden" if k.why.under is not None else k.why.rule
            found[name] = (state, kept.key)
    return found


BESIDE = (DOWN, SLOW, RESTARTS, RESTARTS, RESTARTS, "Snoozed", "Other")
"""What is said of one model: a child, what is kept back beside it, what stands for itself."""


@st.composite
def said_beside(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw what is said of one model below a parent: anything of it may have ended already."""
    found = list[dict[str, Any]]()
    for number in range(draw(st.integers(min_value=2, max_value=7))):
        name = draw(st.sampled_from(BESIDE))
        labels = {"alertname": name, "model_name": "" if name == DOWN else "a"}
        one = alert(labels={**labels, "severity": "warning"}, fingerprint=f"{number:x}")
        found += draw(st.sampled_from(([one], [one, ended(one)], [ended(one)])))
    return found


def _rings(found: object) -> dict[str, bool]:
    """Return of each occurrence that fires whether it rings: in an incident that is not hidden."""
    assert isinstance(found, dict)
    return {name: state == "open" for name, (state, _) in found.items()}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_is_kept_back_beside_a_child_rings_in_every_order_or_in_none(
    data: st.DataObject,
) -> None:
    """A child may be faster than its parent, and an end faster than the last of a threshold."""
    every = data.draw(said_beside())
    sizes = st.lists(st.integers(min_value=1, max_value=4), max_size=6)
    ways = []
    for _ in range(2):
        again = data.draw(st.lists(st.sampled_from(every), max_size=3))
        order = data.draw(st.permutations([*every, *again]))
        ways.append(_rings(after(order, data.draw(sizes))))

    assert ways[0] == ways[1]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_order_cut_and_repetition_do_not_matter(data: st.DataObject) -> None:
    """Two Alertmanagers repeat and overtake each other; the problem is the same."""
    every = data.draw(said())
    sizes = st.lists(st.integers(min_value=1, max_value=4), max_size=6)
    ways = []
    for _ in range(2):
        again = data.draw(st.lists(st.sampled_from(every), max_size=3))
        order = data.draw(st.permutations([*every, *again]))
        ways.append(after(order, data.draw(sizes)))

    assert ways[0] == ways[1]
