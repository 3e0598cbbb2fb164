"""What a card says in numbers: streams that are cut, load times, prefill and decode."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.drift.intended import Model
from cluster.guardrails.guard import Answer, CannotTell, Warned
from cluster.guardrails.guards import load_time
from drills.kubernetes import resources
from drills.kubernetes.managed_fields import Writer
from drills.kubernetes.objects import Object
from tests.cluster.conftest import NAMESPACE
from tests.cluster.guardrails.scenes import DECODE, PREFILL, Guarding
from tests.cluster.guardrails.test_room_and_budgets import only
from tests.cluster.guardrails.test_sizes import intended
from tests.cluster.installs import WRITER

KUBELET = Writer(manager="kubelet", subresource="status")


def said(answer: Answer) -> str:
    assert isinstance(answer, Warned), answer
    return answer.because


def engine(guarding: Guarding, pod: str, **parts: object) -> None:
    """Change the engine's container of a pod."""

    def changed(thing: Object) -> Object:
        (container,) = thing["spec"]["containers"]
        return thing | {"spec": {**thing["spec"], "containers": [{**container, **parts}]}}

    guarding.kubernetes.cluster.update(resources.PODS, NAMESPACE, pod, changed, writer=WRITER)


def test_streams_are_counted_on_the_pod_that_goes(guarding: Guarding) -> None:
    """The guides' preStop lets 15 s pass, and then vLLM aborts what runs."""
    guarding.calm()
    pod = guarding.find().pods[0]
    guarding.told.pods["running"][pod] = 12.0

    told = said(only(guarding.ask("drain", guarding.planned("evict", {"pod": pod}))))

    assert told == (
        "about 12 streams are cut after 15 s (preStop 15 s, the engine aborts at once, grace period"
        " 75 s)"
    )


@pytest.mark.parametrize(
    ("parts", "how"),
    [
        pytest.param(
            {"args": ["--shutdown-timeout", "45"]},
            "60 s (preStop 15 s, the engine waits 45 s, grace period 75 s)",
            id="patient",
        ),
        pytest.param(
            {"args": ["--shutdown-timeout=90"]},
            "75 s (preStop 15 s, the engine waits 90 s, grace period 75 s)",
            id="killed-before",
        ),
        pytest.param(
            {"lifecycle": {"preStop": {"sleep": {"seconds": 5}}}},
            "5 s (preStop 5 s, the engine aborts at once, grace period 75 s)",
            id="sleep",
        ),
        pytest.param(
            {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 8; kill 1"]}}}},
            "8 s (preStop 8 s, the engine aborts at once, grace period 75 s)",
            id="script",
        ),
        pytest.param(
            {"lifecycle": {"preStop": {"httpGet": {"path": "/drain", "port": 1}}}},
            "0 s (preStop of unknown length, the engine aborts at once, grace period 75 s)",
            id="unknown",
        ),
        pytest.param(
            {"lifecycle": None},
            "0 s (preStop 0 s, the engine aborts at once, grace period 75 s)",
            id="none",
        ),
    ],
)
def test_when_they_are_cut_follows_from_the_pod(
    guarding: Guarding, parts: dict[str, object], how: str
) -> None:
    """What a chart says of its pods decides how many seconds people have."""
    guarding.calm()
    pod = guarding.find().pods[0]
    engine(guarding, pod, **parts)

    told = said(only(guarding.ask("drain", guarding.planned("evict", {"pod": pod}))))

    assert told == f"about 8 streams are cut after {how}"


@pytest.mark.parametrize(
    ("signals", "streams"),
    [({"e2e_p95": 10.0}, 1), ({"e2e_p95": 99.0, "e2e_p50": 9.0}, 4), ({"e2e_p50": 99.0}, 8)],
)
def test_requests_that_end_in_time_are_not_cut(
    guarding: Guarding, signals: dict[str, float], streams: int
) -> None:
    """Most answers are shorter than the wait."""
    guarding.calm()
    guarding.told.whole.update(signals)
    pod = guarding.find().pods[0]

    told = said(only(guarding.ask("drain", guarding.planned("evict", {"pod": pod}))))

    assert told.startswith(f"about {streams} streams are cut")


@pytest.mark.parametrize(("size", "streams"), [(3, 8), (2, 16)])
def test_of_a_smaller_size_a_share_is_cut(guarding: Guarding, size: int, streams: int) -> None:
    """Which pods go is not known before."""
    guarding.calm()

    told = said(only(guarding.ask("drain", guarding.scaled(size))))

    assert told.startswith(f"about {streams} streams are cut")


def test_a_restart_cuts_all_of_them(guarding: Guarding) -> None:
    """One pod after the other is still every pod."""
    guarding.calm()

    told = said(only(guarding.ask("drain", guarding.planned("restart", {}))))

    assert told.startswith("about 32 streams are cut")


def test_streams_that_nobody_counts_are_not_none(guarding: Guarding) -> None:
    """Without numbers the seconds are still known."""
    told = only(guarding.ask("drain", guarding.scaled(3)))

    assert told == CannotTell(
        "how many streams are cut after 15 s (preStop 15 s, the engine aborts at once, grace period"
        " 75 s): running: no series of any era"
    )


def test_the_load_time_is_learned_from_the_pods(guarding: Guarding) -> None:
    """Ten minutes of loading look like a failure to whoever expects one."""
    assert said(only(guarding.ask("load_time", guarding.scaled(5)))) == (
        "a new pod takes about 90 s to serve (p90 of 4 of its pods)"
    )
    assert load_time.learned(guarding.scene(guarding.scaled(5))) == (
        timedelta(seconds=90),
        "p90 of 4 of its pods",
    )


def forget(guarding: Guarding) -> None:
    """Let no pod say when it started."""
    for pod in guarding.find().pods:

        def bare(thing: Object) -> Object:
            return thing | {
                "status": {k: v for k, v in thing["status"].items() if k != "startTime"}
            }

        guarding.kubernetes.cluster.update(resources.PODS, NAMESPACE, pod, bare, writer=KUBELET)


def test_a_signal_tells_where_pods_do_not(guarding: Guarding) -> None:
    """Nine of ten took so long at the most; one that took hours was ready before."""
    forget(guarding)
    times = dict(zip(guarding.find().pods, (100.0, 200.0, 300.0, 90_000.0), strict=True))
    guarding.told.pods["model_load_time"] = times

    assert said(only(guarding.ask("load_time", guarding.scaled(5)))) == (
        "a new pod takes about 5 min to serve (p90 of 3 of its pods)"
    )


def test_what_is_intended_comes_last(guarding: Guarding) -> None:
    """A file says what somebody expected, and not what is."""
    forget(guarding)
    plan = guarding.scaled(5)
    assert isinstance(only(guarding.ask("load_time", plan)), CannotTell)
    whole = intended(4)
    (one,) = whole.environments
    (workload,) = one.workloads
    model = Model(name="llama-3-70b", served=("llama-3-70b",), load_time=timedelta(minutes=7))
    meant = replace(one, workloads=(replace(workload, model=model),))
    guarding.more = {"environments": replace(whole, environments=(meant,))}

    assert said(only(guarding.ask("load_time", plan))) == (
        "a new pod takes about 7 min to serve (as intended)"
    )


def test_pods_that_only_go_load_nothing(guarding: Guarding) -> None:
    """A line that says nothing is read by nobody."""
    assert guarding.ask("load_time", guarding.scaled(3)) == ()
    assert guarding.ask("load_time", guarding.planned("restart", {})) != ()


def balanced(guarding: Guarding, *, queue: float, usage: float) -> None:
    guarding.every("waiting", queue, PREFILL)
    guarding.every("kv_usage", usage, DECODE)


BUSY = (
    "prefill and decode: {} requests wait on each of 2 prefill pods, 4 decode pods use {} of their"
    " KV cache"
)


@pytest.mark.parametrize(
    ("queue", "usage", "size", "role", "advice"),
    [
        pytest.param(
            9.0,
            0.5,
            6,
            DECODE,
            ": prefill is what lacks pods, so that more decode moves nothing; add prefill",
            id="the-wrong-role",
        ),
        pytest.param(
            0.0,
            0.95,
            3,
            PREFILL,
            ": decode is what lacks pods, so that more prefill moves nothing; add decode",
            id="the-other-way",
        ),
        pytest.param(
            0.0, 0.95, 3, DECODE, ": decode is what lacks pods; take them from prefill", id="fewer"
        ),
        pytest.param(
            9.0, 0.5, 3, PREFILL, ": 1 decode pod could give its GPUs to prefill", id="spare"
        ),
        pytest.param(0.0, 0.95, 6, DECODE, "", id="the-right-role"),
        pytest.param(9.0, 0.95, 6, DECODE, "", id="both"),
        pytest.param(0.0, 0.5, 6, DECODE, "", id="neither"),
    ],
)
def test_prefill_and_decode_are_weighed(
    guarding: Guarding, *, queue: float, usage: float, size: int, role: str, advice: str
) -> None:
    """Scaling one role blindly moves the queue to the other."""
    balanced(guarding, queue=queue, usage=usage)

    told = said(only(guarding.ask("ratio", guarding.scaled(size, role))))

    assert told == BUSY.format(f"{queue:.1f}", f"{usage:.2f}") + advice


def test_what_lacks_pods_is_a_matter_of_the_limits(guarding: Guarding) -> None:
    """A team that lets requests wait on prefill does not lack prefill."""
    balanced(guarding, queue=9.0, usage=0.5)
    guarding.limit(waiting=20.0)

    told = said(only(guarding.ask("ratio", guarding.scaled(6))))

    assert told == BUSY.format("9.0", "0.50")


def test_decode_gives_away_what_it_can_spare(guarding: Guarding) -> None:
    """Four pods at 0.70 would be three at 0.93."""
    balanced(guarding, queue=9.0, usage=0.7)

    told = said(only(guarding.ask("ratio", guarding.scaled(3, PREFILL))))

    assert told == BUSY.format("9.0", "0.70")


def test_how_long_prompts_and_answers_are_is_told(guarding: Guarding) -> None:
    """Longer prompts need prefill, longer answers decode."""
    balanced(guarding, queue=0.0, usage=0.5)
    guarding.told.whole.update({"prompt_length_p95": 8000.0, "answer_length_p95": 300.0})

    told = said(only(guarding.ask("ratio", guarding.scaled(5))))

    assert told.endswith("; prompts of 8000 and answers of 300 tokens (p95)")


def test_one_role_alone_is_not_weighed(guarding: Guarding) -> None:
    """Half of a comparison is none."""
    guarding.every("kv_usage", 0.5)

    assert only(guarding.ask("ratio", guarding.scaled(5))) == CannotTell(
        "whether prefill or decode lacks pods: waiting: no series of any era"
    )
    assert guarding.ask("ratio", guarding.planned("restart", {})) == ()
