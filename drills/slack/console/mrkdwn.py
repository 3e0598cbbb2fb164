"""From Slack's mrkdwn to HTML in which foreign text is text and nothing else.

Everything is escaped before any mark is added, and only http, https and mailto addresses become
links. Syntax: docs.slack.dev, formatting message text.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from markupsafe import Markup, escape

from drills.slack.console.emoji import EMOJI
from drills.slack.text import unescaped

# Private-use characters stand for finished HTML while the text around it is marked up.
_OPEN, _CLOSE = "\ue000", "\ue001"
_TOKEN = re.compile(r"```(?P<pre>.+?)```|`(?P<code>[^`\n]+)`|<(?P<entity>[^<>\n]+)>", re.DOTALL)
_KEPT = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_EMOJI = re.compile(r":([a-z0-9_+-]+):")
_STYLES = (
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])"), "strong"),
    (re.compile(r"(?<![\w_])_(?=\S)([^_\n]+?)(?<=\S)_(?![\w_])"), "em"),
    (re.compile(r"(?<![\w~])~(?=\S)([^~\n]+?)(?<=\S)~(?![\w~])"), "s"),
)
_LINK = re.compile(r"(?:https?://|mailto:)\S+$")
_BROADCASTS = {"!here": "@here", "!channel": "@channel", "!everyone": "@everyone"}


def mrkdwn(text: str, names: Mapping[str, str], now: datetime) -> Markup:
    """Return mrkdwn as HTML; `names` maps ids of users, channels and groups to what is shown."""
    kept: list[Markup] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(_token(found, names, now))
        return f"{_OPEN}{len(kept) - 1}{_CLOSE}"

    clean = text.replace(_OPEN, "").replace(_CLOSE, "")
    marked = _marked(str(escape(unescaped(_TOKEN.sub(keep, clean)))))
    whole = _KEPT.sub(lambda found: str(kept[int(found.group(1))]), marked)
    return Markup(whole)  # noqa: S704 (every part of it was escaped above)


def plain(text: str) -> Markup:
    """Return plain text as HTML, with its emoji drawn."""
    return Markup(_emoji(str(escape(unescaped(text)))))  # noqa: S704 (escaped on this line)


def _marked(html: str) -> str:
    for pattern, tag in _STYLES:
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    return "<br>".join(_quoted(line) for line in _emoji(html).split("\n"))


def _quoted(line: str) -> str:
    rest = line.removeprefix("&gt;")
    return f"<q>{rest.strip()}</q>" if rest != line else line


def _emoji(html: str) -> str:
    return _EMOJI.sub(lambda found: EMOJI.get(found.group(1), found.group()), html)


def _token(found: re.Match[str], names: Mapping[str, str], now: datetime) -> Markup:
    if found["pre"] is not None:
        return Markup("<pre>{}</pre>").format(unescaped(found["pre"]).strip("\n"))
    if found["code"] is not None:
        return Markup("<code>{}</code>").format(unescaped(found["code"]))
    return _entity(found["entity"], names, now)


def _entity(entity: str, names: Mapping[str, str], now: datetime) -> Markup:
    target, _, label = entity.partition("|")
    target, label = unescaped(target), unescaped(label)
    if target.startswith("!date^"):
        return _date(target, label, now)
    if target in _BROADCASTS:
        return Markup('<b class="call">{}</b>').format(_BROADCASTS[target])
    if target.startswith(("@", "#", "!subteam^")):
        name = names.get(target.removeprefix("!subteam^").lstrip("@#"), label or target)
        sign = "#" if target.startswith("#") else "@"
        return Markup('<b class="mention">{}{}</b>').format(sign, name.lstrip("@#"))
    if _LINK.match(target):
        link = '<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
        return Markup(link).format(target, label or target)  # noqa: S704 (format escapes)
    return Markup("{}").format(label or target)


def _date(target: str, fallback: str, now: datetime) -> Markup:
    parts = target.split("^")
    try:
        moment = datetime.fromtimestamp(int(parts[1]), UTC)
    except (ValueError, IndexError, OverflowError, OSError):
        return escape(fallback)
    words = {
        "{date_num}": f"{moment:%Y-%m-%d}",
        "{date_short}": f"{moment:%b} {moment.day}, {moment.year}",
        "{date}": f"{moment:%B} {moment.day}, {moment.year}",
        "{time}": f"{moment:%H:%M}",
        "{time_secs}": f"{moment:%H:%M:%S}",
        "{ago}": _ago(moment, now),
    }
    shown = parts[2] if len(parts) > 2 else fallback  # noqa: PLR2004 (!date^when^how)
    for word, text in words.items():
        shown = shown.replace(word, text)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        moment.isoformat(), fallback, shown
    )


def _ago(moment: datetime, now: datetime) -> str:
    minutes = round((now - moment).total_seconds() / 60)
    if minutes == 0:
        return "now"
    unit = "minute" if abs(minutes) == 1 else "minutes"
    return f"in {-minutes} {unit}" if minutes < 0 else f"{minutes} {unit} ago"
