"""The console without its script: pages and forms as any browser sends them."""

import html
import re

import httpx
import pytest

HOSTILE = [
    pytest.param("<script>alert(1)</script>", id="script"),
    pytest.param("&lt;img src=x onerror=alert(1)&gt;", id="escaped-image"),
    pytest.param("<javascript:alert(1)|click>", id="javascript-link"),
    pytest.param('<https://e.org/"onmouseover="alert(1)|x>', id="quote-in-link"),
    pytest.param("`<b>`*<i>*", id="inside-marks"),
]


def _page(slack, **query: str) -> str:
    return httpx.get(f"{slack.address}/", params=query).text


def _text_block(kind: str, text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": kind, "text": text}}


@pytest.mark.parametrize("text", HOSTILE)
def test_foreign_text_stays_text(slack, client, text) -> None:
    """Alert text reaches this page: it must never become markup."""
    blocks = [_text_block("mrkdwn", text), _text_block("plain_text", text)]
    client.chat_postMessage(channel="#incidents", text=text)
    client.chat_postMessage(channel="#incidents", text=text, blocks=blocks)

    page = _page(slack, channel="incidents")

    stream = page[page.index('id="stream"') : page.index('id="composer"')]
    tags = re.findall(r"<[a-z][^>]*>", stream)
    assert not [tag for tag in tags if re.search(r"<(script|img|i\b|b>)|\son\w+=", tag)]
    assert "javascript:" not in "".join(tags)


def test_only_the_pages_own_script_and_style_may_load(slack) -> None:
    """Should a word ever slip through, the browser still refuses to run it."""
    policy = httpx.get(f"{slack.address}/").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_page_loads_nothing_from_elsewhere(slack) -> None:
    """The demo works on a machine without any network."""
    loaded = re.findall(r'(?:src|href)="([^"]+)"', _page(slack).split("</head>")[0])

    assert loaded == ["data:,", "/console/console.css", "/console/console.js"]
    for path in loaded[1:]:
        assert httpx.get(f"{slack.address}{path}").status_code == 200


def test_an_ephemeral_message_is_shown_to_its_person_alone(slack, client) -> None:
    """Switching the person shows what that person sees."""
    alice = slack.workspace.person("alice").id
    incidents = slack.workspace.channel("#incidents").id
    client.chat_postEphemeral(channel=incidents, user=alice, text="psst")

    pages = {who: _page(slack, channel="incidents", **{"as": who}) for who in ("alice", "bob")}

    assert "psst" in pages["alice"]
    assert "psst" not in pages["bob"]


def test_a_button_works_as_a_plain_form(slack, app, card, until) -> None:
    """The page works without its script, so a reader with a strict browser can approve."""
    page = _page(slack, **{"as": "bob"}, channel="incidents")
    form = re.search(r'<form class="press".*?</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.group()))

    answer = httpx.post(f"{slack.address}/console/press", data=fields)

    assert answer.status_code == 303
    pressed = next(r.payload for r in app.heard if r.type == "interactive")
    assert pressed["user"]["id"] == slack.workspace.person("bob").id
    assert f'data-message-ts="{card["ts"]}"' in form.group()
    assert 'data-action-id="approve"' in form.group()
    assert f'data-channel="{card["channel"]}"' in form.group()


def test_typing_a_command_runs_it(slack, app) -> None:
    """The composer takes what Slack's takes: words, and commands."""
    place = {"as": "alice", "channel": "incidents"}

    httpx.post(f"{slack.address}/console/say", data={**place, "text": "/incident status all"})

    assert [(r.payload["command"], r.payload["text"]) for r in app.heard] == [
        ("/incident", "status all")
    ]


def test_a_command_without_an_app_tells_the_person(slack) -> None:
    """The reader must learn that nobody was listening."""
    place = {"as": "alice", "channel": "incidents"}

    httpx.post(f"{slack.address}/console/say", data={**place, "text": "/incident help"})

    page = html.unescape(_page(slack, channel="incidents", **{"as": "alice"}))
    assert '/incident failed with the error "dispatch_failed"' in page


def test_nothing_new_is_answered_with_304(slack) -> None:
    """The page asks twice a second: an unchanged screen costs nothing."""
    address = f"{slack.address}/console/desk"
    tag = httpx.get(address).headers["etag"]

    unchanged = httpx.get(address, headers={"if-none-match": tag})
    slack.client().chat_postMessage(channel="#incidents", text="x")
    changed = httpx.get(address, headers={"if-none-match": tag})

    assert (unchanged.status_code, changed.status_code) == (304, 200)


def test_a_permalink_leads_to_its_message(slack, client, card) -> None:
    """Links in a postmortem lead back to what was said."""
    link = client.chat_getPermalink(channel=card["channel"], message_ts=card["ts"])["permalink"]

    answer = httpx.get(link)

    assert answer.headers["location"] == f"/?channel={card['channel']}#m-{card['ts']}"
    assert f'id="m-{card["ts"]}"' in _page(slack, channel=card["channel"])


def test_an_unknown_person_is_refused(slack) -> None:
    """A misspelt name must not act as somebody."""
    assert httpx.get(f"{slack.address}/", params={"as": "mallory"}).status_code == 404
