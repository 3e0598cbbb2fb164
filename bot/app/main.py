"""The composition root: everything is made here, once, and handed to whoever needs it."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from alert_webhooks.door import build as build_door
from alert_webhooks.outcome import Outcome
from alert_webhooks.registry import sources
from alert_webhooks.tokens import read_tokens
from bot.app import health, writing
from bot.app.beginning import Beginning, in_force
from bot.app.between import NOTHING, Between
from bot.app.budgets_shown import shown
from bot.app.chat_intake import ChatIntake
from bot.app.clock import store_clock
from bot.app.configuration import Configuration
from bot.app.facts import FactsSource
from bot.app.health import Readiness
from bot.app.intake import Intake
from bot.app.intake_sight import Sight
from bot.app.leader import Leader
from bot.app.loops.auditor import AuditorLoop
from bot.app.loops.due import DueLoop
from bot.app.loops.inbox import Handler, InboxLoop
from bot.app.loops.loop import Loop
from bot.app.loops.outbox import OutboxLoop, Voice
from bot.app.loops.pause import Pause
from bot.app.loops.sight import SightLoop
from bot.app.metrics import Metrics
from bot.app.opening import Hook, Opened, opened
from bot.app.reloading import Reloading
from bot.app.settings import Settings
from bot.chat.slack.answers import Caller, client
from bot.chat.slack.deliver import SlackDeliverer
from bot.chat.slack.socket import SlackSockets
from bot.chat.wanted import MESSAGE
from bot.delivery.deliverer import Deliverer
from bot.delivery.sender import Pace, Sender
from bot.postmortem.writing import Writer
from bot.web.access import Access
from bot.web.budgets import build as build_budgets
from bot.web.pages import build as build_pages

TURN_SECONDS = 0.25
BEHIND_SECONDS = 0.03
"""So much later the hands see what has happened: the channel is asked for first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything that runs, made and not yet started.

    `work` is every loop with its role, in the order in which one thing leads to another;
    `reloading` turns in every process, whatever its roles.
    """

    opened: Opened
    web: FastAPI
    work: tuple[tuple[str, Loop], ...]
    leader: Leader
    sockets: SlackSockets | None
    metrics: Metrics
    readiness: Readiness
    writer: Writer
    reloading: Reloading

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Return the loops in their order."""
        return tuple(loop for _, loop in self.work)


@contextmanager
def built(
    settings: Settings,
    *,
    before_commit: Hook | None = None,
    after_commit: Hook | None = None,
    between: Between = NOTHING,
) -> Iterator[App]:
    """Make everything; nothing is started, and everything is closed at the end.

    Raises Rejected for a setting or a file that does not fit, Unavailable when the store is away.
    """
    with ExitStack() as closing:
        desk = closing.enter_context(
            opened(
                settings,
                migrate=settings.database_url.startswith("sqlite"),
                before_commit=before_commit,
                after_commit=after_commit,
            )
        )
        yield _app(between.opened(desk), closing, between)


def _app(desk: Opened, closing: ExitStack, between: Between) -> App:
    metrics, readiness = Metrics(), Readiness(desk.store.ready)
    beginning = writing.beginning(desk)
    reloading = _reloading(desk, beginning, metrics)
    writer = writing.writer(desk)
    chat = ChatIntake(
        desk=desk.desk,
        inbox=desk.store.inbox,
        outbox=desk.store.outbox,
        people=desk.configuration.people,
    )
    source = _source(desk, beginning, closing, between)
    incoming, *others = _desk_loops(desk, beginning, chat, writer, metrics, between, source)
    hands = _hands(desk, beginning, closing, between)
    work = (
        ("desk", incoming),
        *(("hands", one) for one in hands),
        *(("desk", one) for one in others),
    )
    mine = tuple((role, loop) for role, loop in work if role in desk.settings.roles)
    return App(
        opened=desk,
        web=_web(desk, metrics, readiness, reloading, closing),
        work=mine,
        leader=Leader(
            leases=desk.store.leases,
            roles=tuple(dict(mine)),
            holder=_holder(),
            metrics=metrics,
        ),
        sockets=_sockets(desk, chat),
        metrics=metrics,
        readiness=readiness,
        writer=writer,
        reloading=reloading,
    )


def _reloading(desk: Opened, beginning: Beginning, metrics: Metrics) -> Reloading:
    def apply(found: Configuration) -> None:
        beginning.in_force = in_force(found)
        desk.desk.policy = found.policy

    return Reloading(
        desk.settings.config,
        loaded=desk.configuration,
        apply=apply,
        refused=metrics.configuration_refused,
    )


def _hands(
    desk: Opened, beginning: Beginning, closing: ExitStack, between: Between
) -> tuple[Loop, ...]:
    if "hands" not in desk.settings.roles:
        return ()
    # Imported here: Kubernetes' client takes a second to load, and only the hands need it.
    from bot.app.hands import left_loop, reach, runs_loop, shadow_loop  # noqa: PLC0415  # see above

    pause, reached = _pause(desk, behind=BEHIND_SECONDS), reach(desk, closing=closing)
    return (
        runs_loop(desk, beginning, reached, pause=pause, between=between),
        shadow_loop(desk, beginning, reached, pause=pause),
        left_loop(desk, reached, pause=_pause(desk)),
    )


def _desk_loops(
    desk: Opened,
    beginning: Beginning,
    chat: ChatIntake,
    writer: Writer,
    metrics: Metrics,
    between: Between,
    source: FactsSource | None,
) -> tuple[Loop, ...]:
    sight = () if source is None else (_sight_loop(desk, source),)
    write = writing.noting(desk, writer, beginning, failures=metrics.postmortem_failures)
    return (
        _inbox_loop(desk, beginning, chat, source),
        *sight,
        DueLoop(desk=desk.desk, write_postmortem=write, pause=_pause(desk)),
        _outbox_loop(desk, metrics, between),
        AuditorLoop(store=desk.store, metrics=metrics, pause=_pause(desk)),
    )


def _source(
    desk: Opened, beginning: Beginning, closing: ExitStack, between: Between
) -> FactsSource | None:
    """Return where live facts come from; None where no Prometheus is configured."""
    if "desk" not in desk.settings.roles or not desk.settings.prometheus_url:
        return None
    # Imported here: the cluster's clients take a second to load, and a door needs none.
    from bot.app.reach import live_facts  # noqa: PLC0415  # see above

    found = live_facts(
        desk.settings, closing=closing, intended=lambda: beginning.in_force.environments
    )
    return between.facts(found)


def _sight_loop(desk: Opened, source: FactsSource) -> SightLoop:
    return SightLoop(desk=desk.desk, source=source, pause=_pause(desk))


def _inbox_loop(
    desk: Opened, beginning: Beginning, chat: ChatIntake, source: FactsSource | None
) -> InboxLoop:
    intake = Intake(
        desk=desk.desk,
        inbox=desk.store.inbox,
        texts=desk.store.texts,
        sources=sources(),
        choose=beginning.choose,
        sight=Sight(desk.desk, source) if source is not None else None,
    )
    handlers: Mapping[str, Handler] = {**intake.handlers(), "slack": chat.take}
    return InboxLoop(inbox=desk.store.inbox, handlers=handlers, unhandled=intake.unhandled)


def _outbox_loop(desk: Opened, metrics: Metrics, between: Between) -> OutboxLoop:
    settings, deliverers = desk.settings, dict[str, Deliverer]()
    if settings.slack_bot_token:
        caller = Caller(client(settings.slack_bot_token.reveal(), settings.slack_api_url))
        slack = SlackDeliverer(
            caller, unannounced=lambda because: metrics.unannounced.labels(because).inc()
        )
        deliverers = dict.fromkeys(slack.kinds, between.deliverer(slack))
    sender = Sender(
        outbox=desk.store.outbox,
        deliverers=deliverers,
        # Real time, as the store has it; not asked for at every turn.
        now=store_clock(desk.store.now),
        pace=Pace(
            gap=settings.slack_post_gap,
            kinds=frozenset({MESSAGE}),
            most=settings.slack_calls or None,
        ),
    )
    place = settings.public_url.rstrip("/") or f"http://{settings.listen}"
    voice = Voice(
        people=desk.configuration.people, page=lambda number: f"{place}/incidents/{number}"
    )
    return OutboxLoop(
        desk=desk.desk, outbox=desk.store.outbox, sender=sender, voice=voice, pause=_pause(desk)
    )


def _sockets(desk: Opened, chat: ChatIntake) -> SlackSockets | None:
    settings = desk.settings
    if not settings.slack_app_token or "slack" not in settings.roles:
        return None
    return SlackSockets(
        bot_token=settings.slack_bot_token.reveal(),
        app_token=settings.slack_app_token.reveal(),
        base_url=settings.slack_api_url,
        inbox=desk.store.inbox,
        answer=chat.answer,
    )


def _web(
    desk: Opened,
    metrics: Metrics,
    readiness: Readiness,
    reloading: Reloading,
    closing: ExitStack,
) -> FastAPI:
    settings = desk.settings
    # FastAPI would ask OpenTelemetry on every request; the metrics are our own.
    silent = TelemetryConfig(tracing=False, metrics=False, logs=False)
    web = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=silent)
    if "door" in settings.roles:

        def observe(outcome: Outcome) -> None:
            metrics.deliveries.labels(outcome.value).inc()

        tokens = read_tokens(settings.webhook_tokens.reveal())
        web.include_router(build_door(inbox=desk.store.inbox, tokens=tokens, observe=observe))
    access = Access(token=settings.page_token.reveal())
    web.include_router(
        build_pages(
            desk=desk.desk,
            texts=desk.store.texts,
            people=desk.configuration.people,
            access=access,
            notice=lambda: reloading.notice,
        )
    )
    read = shown(
        desk.desk,
        settings,
        promised=lambda: reloading.loaded.objectives,
        closing=closing,
    )
    web.include_router(build_budgets(read=read, access=access, notice=lambda: reloading.notice))
    web.include_router(health.build(ready=readiness.check, registry=metrics.registry))
    return web


def _pause(desk: Opened, *, behind: float = 0.0) -> Pause:
    return Pause(journal=desk.store.journal, seconds=TURN_SECONDS, behind=behind)


def _holder() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"
