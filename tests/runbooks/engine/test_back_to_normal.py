"""Back to normal is an undo whose plan is the step that the team calls normal."""

from dataclasses import replace
from datetime import timedelta

from incidents.commands.run import AskUndo
from incidents.events.run import LeavesRecord
from tests.runbooks.engine.conftest import FakeScale, World

STEP, UNDO = "add-decode", "undo-add-decode"


class Leaving(FakeScale):
    """Scales, and says that the size is not to stay: normally there are three."""

    def plan(self, target, parameters):
        back = (("action", "scale"), ("replicas", "3"))
        leaves = LeavesRecord(what="6 replicas", within=timedelta(days=1), back=back)
        return replace(super().plan(target, parameters), leaves=leaves)


class Final(FakeScale):
    """Scales, and could never go back."""

    def plan(self, target, parameters):
        return replace(super().plan(target, parameters), reversible=False)


def test_it_is_planned_and_approved_like_any_change_and_leaves_nothing(story: World) -> None:
    """Before the incident there were four, which was one too many already."""
    story.scale = Leaving(story.workload)
    story.restarted()
    story.settle()
    story.approve(STEP)
    story.settle()
    story.workload.ready, story.workload.ready_since = 6, story.now
    story.until(lambda: story.run.outcome is not None)

    story.tell(AskUndo(step=STEP, by="bob", because="traffic is gone", normal=True))
    story.settle()
    planned = story.step(UNDO).plan
    story.approve(UNDO)
    story.settle()

    assert story.step(STEP).applied.leaves.what == "6 replicas"
    assert (planned.after, planned.leaves) == ((("replicas", "3"),), None)
    assert story.scale.applied[1:] == [(f"run-1-1/{UNDO}/2", 3)]


def test_in_shadow_it_is_said_how_many_must_agree_to_what_cannot_be_undone(make_shadow) -> None:
    """A team that asks for two wants to see that it would."""
    world = make_shadow()
    world.desk.policy = replace(world.policy, irreversible_needs=2)
    world.scale = Final(world.workload)
    world.restarted()

    world.settle()

    (told,) = [one.event for one in world.desk.history(1) if one.recorded.kind == "WouldHaveActed"]
    assert told.needed == 2
