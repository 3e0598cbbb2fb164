"""The hands: the one role that reaches the cluster, and the only one that loads its clients."""

from contextlib import ExitStack

from bot.app.beginning import Beginning
from bot.app.between import Between
from bot.app.canaries import with_canaries
from bot.app.guarding import careful, past_of
from bot.app.loops.left import LeftLoop
from bot.app.loops.pause import Pause
from bot.app.loops.runs import RunsLoop
from bot.app.loops.shadow import ShadowLoop
from bot.app.opening import Opened
from bot.app.reach import canaries, tools
from cluster.actions import left
from cluster.tools import Tools
from incidents.events.followups import FollowUpMade
from runbooks.engine.changing import Limits
from runbooks.engine.runner import Runner
from runbooks.engine.shelf import Shelf
from runbooks.language.registry import verbs
from runbooks.shadow.looking import sights


def reach(desk: Opened, *, closing: ExitStack) -> Tools:
    """Return what reaches the cluster; its clients are closed with `closing`."""
    return tools(desk.settings, closing=closing, degraded=lambda: desk.desk.policy.degraded)


def runs_loop(
    desk: Opened, beginning: Beginning, reached: Tools, *, pause: Pause, between: Between
) -> RunsLoop:
    """Return the loop of the runs."""
    shelf = Shelf(runbooks=beginning.runbooks, texts=desk.store.texts, verbs=verbs())
    runner = Runner(
        desk=desk.desk,
        tools=between.tools(
            with_canaries(
                careful(
                    reached,
                    rules=lambda: desk.desk.policy.guardrails,
                    intended=lambda: beginning.in_force.environments,
                    own=desk.settings.cluster,
                    clock=desk.clock,
                    past=past_of(desk.desk.run),
                ),
                canaries(desk.settings, intended=lambda: beginning.in_force.environments),
            )
        ),
        runbooks=shelf,
        verbs=shelf.verbs,
        clock=desk.clock,
        limits=Limits(changes=desk.configuration.policy.changes_per_hour),
        texts=desk.store.texts,
    )
    return RunsLoop(desk=desk.desk, moves=runner, begin=beginning.begin, pause=pause)


def shadow_loop(desk: Opened, beginning: Beginning, reached: Tools, *, pause: Pause) -> ShadowLoop:
    """Return the loop that watches what people do; it only reads."""
    return ShadowLoop(
        desk=desk.desk,
        runbooks=Shelf(runbooks=beginning.runbooks, texts=desk.store.texts, verbs=verbs()),
        sights=sights(reached),
        pause=pause,
    )


def left_loop(desk: Opened, reached: Tools, *, pause: Pause) -> LeftLoop:
    """Return the loop that looks whether what was left still stands; it only reads."""

    def gone(made: FollowUpMade) -> str:
        if made.write is None:
            return ""
        seen = left.look(reached.objects, made.write, made.before, made.back)
        return seen.because if seen.standing is left.Standing.GONE else ""

    return LeftLoop(desk=desk.desk, gone=gone, pause=pause)
