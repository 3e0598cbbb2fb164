"""A secret in an alert comes out nowhere: not in Slack, page or report."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app.intake_bounds import ANNOTATION, READ, TITLE, annotations, kept_labels, key_of, title
from bot.chat.headline import headline, topic
from bot.chat.situation import look
from bot.chat.slack.blocks import payload
from bot.postmortem.writing import Writer
from incidents.people import People
from tests import builders
from tests.alert_webhooks.bodies import alert, body
from tests.bot.intake.desks import Office
from tests.bot.web.reading import Reader

CANARY = "C4n4ryC4n4ryC4n4"
SECRETS = (
    pytest.param(f"xoxb-1234567890-{CANARY}", id="slack-bot"),
    pytest.param(f"xapp-1-A1-{CANARY}", id="slack-app"),
    pytest.param(f"https://hooks.slack.com/services/T1/B1/{CANARY}", id="slack-webhook"),
    pytest.param(f"Authorization: Bearer {CANARY}", id="bearer"),
    pytest.param(f"password={CANARY}", id="password"),
    pytest.param(f"postgresql://triaged:{CANARY}@db/triaged", id="password-in-an-address"),
    pytest.param(f"http://vllm:8000/v1?token={CANARY}", id="token-in-an-address"),
    pytest.param("AKIAC4N4RYC4N4RYC4N4", id="aws-key"),
    pytest.param(f"aws_secret_access_key={CANARY}", id="aws-secret"),
    pytest.param(f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{CANARY}", id="json-web-token"),
    pytest.param(
        f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----",
        id="private-key",
    ),
)


def shown(office: Office, folder: Path) -> str:
    """Return all that people and programs get to see of the first incident, as one text."""
    desk, people = office.desk, People(())
    situation = look(desk, 1, people=people)
    reader = Reader(office)
    pages = ["/", "/incidents.json", "/incidents/1", "/incidents/1/timeline"]
    writer = Writer(
        desk=desk,
        texts=office.store.texts,
        people=people,
        folder=folder,
    )
    writer.write(1)
    return "\n".join(
        (
            json.dumps(payload(headline(situation))),
            topic(situation),
            *(reader.get(page).text for page in pages),
            *(file.read_text() for file in folder.iterdir()),
            *(one.body.decode() for one in office.store.journal.read("incident-1")),
        )
    )


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_an_alert_comes_out_nowhere(
    office: Office, tmp_path: Path, secret: str
) -> None:
    """Slack, a page and a postmortem are read by more people than may know it."""
    foreign = alert(
        annotations={"summary": f"It fails: {secret} end", "description": secret, secret: "x"},
        labels={"pod": secret, "password": CANARY, "role": secret},
        generatorURL=f"http://prometheus:9090/graph?g0.expr=up&token={CANARY}",
    )
    office.deliver(body(foreign))

    seen = shown(office, tmp_path)

    assert "It fails: " in seen
    assert "***" in seen
    assert CANARY not in seen
    assert "AKIAC4N4" not in seen


def test_an_alert_named_like_a_secret_is_told_from_another(office: Office, tmp_path: Path) -> None:
    """What is hidden from people must not make one incident of two problems."""
    nowhere = {"namespace": "", "model_name": ""}
    names = [f"password={CANARY}{end}" for end in "ab"]
    office.deliver(
        *(
            body(alert(labels={**nowhere, "alertname": name}, fingerprint=f"{n:016x}"))
            for n, name in enumerate(names, 1)
        )
    )

    assert len(office.incidents) == 2
    assert CANARY not in shown(office, tmp_path)


def test_what_is_no_secret_comes_out_as_it_is() -> None:
    """A label that names a Secret of Kubernetes says which one, and holds nothing of it."""
    labels = {"secret": "tls-of-the-gateway", "namespace": "llm-d", "pod": "decode-0"}

    assert dict(kept_labels(labels)) == labels
    assert "***" not in key_of(builders.alert())


@given(
    before=st.integers(0, READ + ANNOTATION),
    many=st.integers(0, 200),
    secret=st.sampled_from([str(one.values[0]) for one in SECRETS if CANARY in str(one.values[0])]),
)
def test_a_secret_that_is_cut_is_not_seen_in_part(before: int, many: int, secret: str) -> None:
    """Half a password is half of the work of guessing it."""
    text = f"token={'x' * 90} " * many + "z" * before + f" {secret} end"
    one = builders.alert(annotations={"summary": text, "description": text})

    assert CANARY[:6] not in title(one)
    assert len(title(one)) <= TITLE
    assert CANARY[:6] not in annotations(one)


def test_an_annotation_that_is_named_a_secret_is_hidden() -> None:
    """Whatever it looks like."""
    one = builders.alert(annotations={"password": "hunter2", "summary": "a"})

    assert json.loads(annotations(one)) == {"password": "***", "summary": "a"}
