"""`triaged serve` as a process: it starts, says how it stands, and ends in order."""

import json
import signal
import socket
import sqlite3
import threading
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from storage.migrations.migrate import current, migrate
from tests.alert_webhooks import bodies
from tests.contract.app.conftest import TOKEN, Operator, Served, until


def deliver(served: Served, body: bytes) -> int:
    """Deliver a webhook; return the status."""
    request = urllib.request.Request(  # loopback
        f"http://127.0.0.1:{served.port}/webhooks/alertmanager",
        data=body,
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_serving_process_ends_in_order(operator: Operator) -> None:
    """Without Slack, a cluster and Prometheus it serves; and a stop is no failure."""
    served = operator.serve()
    pages = [served.get(path) for path in ("/healthz", "/readyz")]

    status, seconds = served.end(signal.SIGTERM)

    assert pages == [(200, "ok\n"), (200, "ready\n")]
    assert (status, seconds <= 5) == (0, True), served.log.read_text()
    lines = [json.loads(line) for line in served.log.read_text().splitlines()]
    assert [line["level"] for line in lines if line["level"] != "info"] == []


@pytest.mark.parametrize("after", [0.2, 1.0, 2.0])
def test_a_signal_while_it_starts_is_heard(operator: Operator, after: float) -> None:
    """A pod that is deleted while it starts must not wait for its deadline, nor look crashed."""
    starting = operator.start()
    threading.Event().wait(after)

    status, seconds = starting.end()

    # Before the first line of triaged has run, Python itself ends by the signal.
    assert status == 0 or (status == -signal.SIGTERM and after < 1), starting.log.read_text()
    assert seconds <= 5
    assert "Traceback" not in starting.log.read_text()


def test_a_connection_that_stays_open_does_not_hold_the_stop(operator: Operator) -> None:
    """Ctrl-C while somebody sends a body that never ends; a browser keeps its connection too."""
    served = operator.serve()
    with socket.create_connection(("127.0.0.1", served.port)) as slow:
        slow.sendall(
            b"POST /webhooks/alertmanager HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n"
            b"Authorization: Bearer " + TOKEN.encode() + b"\r\n\r\n{"
        )
        assert served.get("/healthz")[0] == 200

        status, _ = served.end(signal.SIGINT)
        answer = slow.recv(1024)

    assert status == 0, served.log.read_text()
    # By the server at the end of its drain: the sender sends again. Had the door lost its patience,
    # it were a 503; had the connection held the stop, there were no answer.
    assert answer.startswith(b"HTTP/1.1 500 "), answer


def test_an_address_that_is_taken_is_one_sentence(operator: Operator) -> None:
    """It happens to everybody who starts it twice."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"

        done = operator.run("serve", LISTEN=place, LOG_FORMAT="console")

    last = done.stderr.splitlines()[-1]
    assert (done.returncode, done.stdout) == (1, "")
    assert last == f"triaged: cannot listen on {place}: Address already in use"
    assert "Traceback" not in done.stderr


def test_a_postmortem_folder_that_cannot_be_written_is_one_sentence(
    operator: Operator, tmp_path: Path
) -> None:
    """The first postmortem is written weeks after the start, when nobody looks at the setting."""
    (tmp_path / "file").write_text("in the way")

    done = operator.run("serve", POSTMORTEMS=str(tmp_path / "file"))

    said = f"triaged: TRIAGED_POSTMORTEMS: {tmp_path}/file cannot be written: Not a directory\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_a_database_that_is_away_is_one_sentence_without_its_password(operator: Operator) -> None:
    """The first thing that goes wrong in a new installation."""
    url = "postgresql://triaged:canary@127.0.0.1:1/triaged"

    done = operator.run("serve", DATABASE_URL=url)

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "canary" not in done.stderr


def test_a_server_that_is_not_migrated_is_one_sentence_and_stays_so(
    operator: Operator, bare_postgresql_url: str
) -> None:
    """Every replica would migrate by itself at once, also one that is rolled back."""
    done = operator.run("serve", DATABASE_URL=bare_postgresql_url)

    said = "triaged: the schema is at revision 0, and this program needs 2: run `triaged migrate`\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert current(bare_postgresql_url) == 0


def test_a_server_without_a_chain_key_is_one_sentence(
    operator: Operator, bare_postgresql_url: str
) -> None:
    """A key that each pod made for itself would break the chain at the first replica."""
    migrate(bare_postgresql_url)
    del operator.environment["TRIAGED_CHAIN_KEY_FILE"]
    before = sorted(operator.folder.iterdir())

    done = operator.run("serve", DATABASE_URL=bare_postgresql_url)

    said = "triaged: TRIAGED_CHAIN_KEY_FILE is required with any database but a SQLite file\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)
    assert sorted(operator.folder.iterdir()) == before


def test_a_delivery_becomes_an_event_in_the_log(operator: Operator) -> None:
    """From the door to the journal, with nothing configured at all."""
    served = operator.serve()
    alert = {
        "status": "firing",
        "labels": {"alertname": "VLLMPreemptionsHigh", "namespace": "llm-d"},
        "annotations": {"summary": "canary-of-a-text"},
        "startsAt": "2026-03-01T12:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "0123456789abcdef",
    }
    body = {
        "version": "4",
        "groupKey": "g",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "triaged",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
        "alerts": [alert],
    }

    assert deliver(served, json.dumps(body).encode()) == 200

    until(lambda: '"IncidentOpened"' in served.log.read_text(), seconds=10)
    assert "canary-of-a-text" not in served.log.read_text()
    assert served.get("/incidents/1")[0] == 200


def test_a_freeze_of_another_process_is_heard_within_seconds(operator: Operator) -> None:
    """`triaged freeze` on the server must stop the desk that is serving, not only the next one."""
    served = operator.serve(ROLES="desk")
    until(lambda: '"journal head"' in served.log.read_text(), seconds=10)

    frozen = operator.run("freeze", "audit")

    assert frozen.returncode == 0, frozen.stderr
    assert until(lambda: '"Frozen"' in served.log.read_text(), seconds=10) <= 3


def test_a_store_that_goes_away_makes_it_unready(operator: Operator, tmp_path: Path) -> None:
    """Alertmanager goes on to another replica, or repeats; the reason stands in the answer."""
    served = operator.serve(ROLES="door")
    with closing(sqlite3.connect(tmp_path / "triaged.db", isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        status, because = served.get("/readyz")
        alive = served.get("/healthz")
        holder.execute("ROLLBACK")

    assert (status, alive) == (503, (200, "ok\n"))
    assert because.strip()
    until(lambda: served.get("/readyz") == (200, "ready\n"), seconds=15)


def test_two_processes_lead_one_after_the_other(
    operator: Operator, bare_postgresql_url: str
) -> None:
    """One leads; a clean stop hands over at once, and a SIGKILL within ten seconds."""
    migrate(bare_postgresql_url)
    first = operator.serve(DATABASE_URL=bare_postgresql_url, ROLES="door,desk")
    second = operator.serve(DATABASE_URL=bare_postgresql_url, ROLES="door,desk")
    until(lambda: first.leads("desk"))
    leading = [first.leads("desk"), second.leads("desk")]

    ended = first.end()
    handed_over = until(lambda: second.leads("desk"))
    third = operator.serve(DATABASE_URL=bare_postgresql_url, ROLES="door,desk")
    second.end(signal.SIGKILL)
    taken_over = until(lambda: third.leads("desk"))

    assert leading == [True, False]
    assert (ended[0], ended[1] <= 5) == (0, True), first.log.read_text()
    assert handed_over <= 3
    assert taken_over <= 10


def test_roles_run_apart(operator: Operator, bare_postgresql_url: str) -> None:
    """Receiver pods hold no token of the cluster; the door is where it is asked for and nowhere."""
    migrate(bare_postgresql_url)
    door = operator.serve(DATABASE_URL=bare_postgresql_url, ROLES="door")
    hands = operator.serve(DATABASE_URL=bare_postgresql_url, ROLES="hands")
    desk = operator.serve(DATABASE_URL=bare_postgresql_url, ROLES="desk")
    until(lambda: hands.leads("hands") and desk.leads("desk"))

    assert deliver(door, b"{") == 400
    assert [deliver(one, b"{") for one in (hands, desk)] == [404, 404]
    assert [one.leads("desk") or one.leads("hands") for one in (door, hands, desk)] == [
        False,
        True,
        True,
    ]
    # What the door kept is set aside by the desk.
    until(lambda: 'triaged_open_incidents{severity="P2"}' in desk.get("/metrics")[1], seconds=10)
    assert [one.end()[0] for one in (door, hands, desk)] == [0, 0, 0]


def test_the_option_of_roles_wins_over_the_setting(operator: Operator) -> None:
    """One image and one set of variables for all pods; the command says what each of them is."""
    served = operator.serve("--roles", "desk", ROLES="door,hands")
    until(lambda: served.leads("desk"))

    assert not served.leads("hands")
    assert deliver(served, b"{") == 404


@pytest.mark.parametrize(
    ("roles", "because"),
    [
        pytest.param(
            "door,boss", "'boss' is unknown; known are door, slack, desk, hands", id="one"
        ),
        pytest.param("", "name at least one of door, slack, desk, hands", id="none"),
    ],
)
def test_an_option_of_roles_that_names_none_is_refused(
    operator: Operator, roles: str, because: str
) -> None:
    """A pod whose role is misspelt would be ready and do nothing."""
    done = operator.run("serve", "--roles", roles, ROLES="door")

    assert (done.returncode, done.stderr) == (2, f"triaged: --roles: {because}\n")
    assert not (operator.folder / "triaged.db").exists()


def test_a_wrong_policy_is_refused_at_the_start(operator: Operator) -> None:
    """There is no policy before it that could stay in force."""
    (operator.folder / "policy.yaml").write_text("# ours\nhodl: 3m\n")

    done = operator.run("serve", CONFIG=str(operator.folder))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"triaged: {operator.folder}/policy.yaml:2: ")


def test_a_policy_changes_while_it_serves(operator: Operator) -> None:
    """A wrong one is told on the page and changes nothing; a mended one is in force."""
    config = operator.folder / "config"
    config.mkdir()
    (config / "policy.yaml").write_text("hold: 3m\n")
    served = operator.serve(CONFIG=str(config))

    (config / "policy.yaml").write_text("hold: 3m\nholt: 4m\n")
    until(lambda: "policy.yaml:2: " in served.get("/")[1])
    told = served.get("/metrics")[1]
    (config / "policy.yaml").write_text("alerts:\n  Ours: {severity: P0, because: we say so}\n")
    until(lambda: "policy.yaml" not in served.get("/")[1])
    deliver(served, bodies.body(bodies.alert(labels={"alertname": "Ours"})))
    until(lambda: '"severity":"P0"' in served.get("/incidents.json")[1].replace(" ", ""))

    assert "triaged_configuration_refused 1.0" in told
    assert "triaged_configuration_refused 0.0" in served.get("/metrics")[1]
