"""The hands: the one role that reaches the cluster, and the only one that loads its clients."""

from contextlib import ExitStack

from bot.app.beginning import Beginning
from bot.app.between import Between
from bot.app.loops.pause import Pause
from bot.app.loops.runs import RunsLoop
from bot.app.loops.shadow import ShadowLoop
from bot.app.opening import Opened
from bot.app.reach import tools
from cluster.drift.advice import advised
from runbooks.engine.changing import Limits
from runbooks.engine.runner import Runner
from runbooks.engine.shelf import Shelf
from runbooks.language.registry import verbs
from runbooks.shadow.looking import sights


def runs_loop(
    desk: Opened, beginning: Beginning, *, pause: Pause, closing: ExitStack, between: Between
) -> RunsLoop:
    """Return the loop of the runs; its clients are closed with `closing`."""
    shelf = Shelf(runbooks=beginning.runbooks, texts=desk.store.texts, verbs=verbs())
    runner = Runner(
        desk=desk.desk,
        tools=between.tools(
            advised(
                tools(desk.settings, closing=closing),
                intended=lambda: beginning.in_force.environments,
                own=desk.settings.cluster,
            )
        ),
        runbooks=shelf,
        verbs=shelf.verbs,
        clock=desk.clock,
        limits=Limits(changes=desk.configuration.policy.changes_per_hour),
        texts=desk.store.texts,
    )
    return RunsLoop(desk=desk.desk, moves=runner, begin=beginning.begin, pause=pause)


def shadow_loop(
    desk: Opened, beginning: Beginning, *, pause: Pause, closing: ExitStack
) -> ShadowLoop:
    """Return the loop that watches what people do; its clients are closed with `closing`."""
    return ShadowLoop(
        desk=desk.desk,
        runbooks=Shelf(runbooks=beginning.runbooks, texts=desk.store.texts, verbs=verbs()),
        sights=sights(tools(desk.settings, closing=closing)),
        pause=pause,
    )
