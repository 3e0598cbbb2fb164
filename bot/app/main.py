"""The composition root: everything is made here, once, and handed to whoever needs it."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from fastapi import FastAPI

from alert_webhooks.door import Tokens
from alert_webhooks.door import build as build_door
from bot.app import health
from bot.app.beginning import Beginning
from bot.app.chat_intake import ChatIntake
from bot.app.configuration import tokens
from bot.app.intake import AlertIntake
from bot.app.leader import Leader
from bot.app.loops.auditor import AuditorLoop
from bot.app.loops.due import DueLoop
from bot.app.loops.inbox import InboxLoop
from bot.app.loops.loop import Loop
from bot.app.loops.outbox import OutboxLoop
from bot.app.loops.pause import Pause
from bot.app.loops.runs import RunsLoop
from bot.app.opening import Hook, Opened, opened
from bot.app.reach import tools
from bot.app.settings import Settings, address, on_loopback
from bot.app.telemetry import Metrics
from bot.web.access import Access
from bot.web.pages import build as build_pages
from runbooks.engine.runner import Runner
from runbooks.language.loader import LIBRARY
from runbooks.language.loader import load as load_runbooks

TURN_SECONDS = 0.25
REQUEST_HOOK = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Everything that runs, made and not yet started."""

    settings: Settings
    opened: Opened
    web: FastAPI
    loops: tuple[Loop, ...]
    leader: Leader
    metrics: Metrics
