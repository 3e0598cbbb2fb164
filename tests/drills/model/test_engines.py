"""Single engines: blocks, order of preemption, prefixes, prompts in order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from drills.model.decode import DecodeEngine, Finish
from drills.model.histogram import TTFT_BOUNDS, Histogram
from drills.model.llm_d import LlmD, Phase, Pod, Role
from drills.model.prefill import PrefillEngine
from drills.model.prefix_cache import PrefixCache
from drills.model.sizing import Sizing
from drills.model.traffic import Request

SMALL = Sizing(blocks=100)


def engine(sizing: Sizing = SMALL) -> DecodeEngine:
    """Return an empty decode engine: 100 blocks of 16 tokens."""
    return DecodeEngine(sizing, client_ttft=Histogram(TTFT_BOUNDS))


def request(prompt: int, output: int = 1_000, at: float = 0.0) -> Request:
    """Return a request with nothing to share."""
    return Request(arrived=at, prompt=prompt, output=output, shared=0)


def test_the_youngest_running_request_is_preempted_and_comes_first_again() -> None:
    """As in vLLM: who was admitted last loses its blocks, and is first in the queue."""
    pod = engine()
    old, young = request(780), request(780)
    pod.submit(old, 0.0)
    pod.submit(young, 0.0)

    for second in range(3):
        pod.step(float(second), 1.0)

    assert (pod.running, list(pod.waiting), pod.preemptions) == ([old], [young], 1)


def test_a_preempted_request_is_answered_in_the_end() -> None:
    """Preemption costs time; it loses nothing."""
    pod = engine()
    for _ in range(2):
        pod.submit(request(780, output=200), 0.0)

    for second in range(60):
        pod.step(float(second), 1.0)

    assert pod.finished == {Finish.STOP: 2}
    assert pod.preemptions == 1
    assert pod.generated_tokens == 400


def test_a_client_that_waited_too_long_gives_up() -> None:
    """Queues are bounded by patience, so they drain once there is room."""
    pod = engine()
    pod.submit(request(1_500, output=100_000), 0.0)
    pod.submit(request(1_500), 0.0)

    for second in range(7):
        pod.step(float(second), 1.0)

    assert (list(pod.waiting), pod.finished) == ([], {Finish.ABORT: 1})


def test_time_between_tokens_is_the_time_of_a_step_and_grows_with_recomputing() -> None:
    """Users see tokens come more slowly because of work, not because a number was set."""
    alone, crowded = engine(), engine()
    alone.submit(request(780, output=200), 0.0)
    for _ in range(2):
        crowded.submit(request(780, output=200), 0.0)

    for second in range(60):
        alone.step(float(second), 1.0)
        crowded.step(float(second), 1.0)

    assert (alone.between_tokens.count, crowded.between_tokens.count) == (200, 400)
    quick, slow = (
        each.between_tokens.total / each.between_tokens.count for each in (alone, crowded)
    )
    assert Sizing().base_token_seconds < quick < slow


@settings(max_examples=40)  # each lives through two minutes
@given(
    st.lists(
        st.tuples(st.integers(1, 1_500), st.integers(1, 600), st.integers(0, 90)),
        max_size=40,
    )
)
def test_blocks_never_exceed_what_the_pod_has(work: list[tuple[int, int, int]]) -> None:
    """Whatever comes: usage stays within 0 and 1 unless one request alone is too big."""
    pod = engine()
    for second in range(120):
        for prompt, output, at in work:
            if at == second:
                pod.submit(request(prompt, output, float(at)), float(at))
        pod.step(float(second), 1.0)

        assert pod.usage >= 0
        assert pod.usage <= 1 or len(pod.running) == 1

    known = len(pod.running) + len(pod.waiting) + pod.finished.total()
    assert known == len(work)


def test_prompts_are_prefilled_one_after_the_other() -> None:
    """20 000 tokens take a second at 20 000 tokens per second; the next waits for it."""
    pod = PrefillEngine(Sizing())
    first, second = request(20_000), request(10_000)
    pod.submit(first, 0.0)
    pod.submit(second, 0.5)

    assert (pod.running(0.5), pod.waiting(0.5)) == (1, 1)
    assert list(pod.step(0.0, 2.0)) == [(1.0, first), (1.5, second)]


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_room_never_means_fewer_hits(some: float, more: float) -> None:
    """The hit ratio follows the room that is left for reuse."""
    cache = PrefixCache()
    cache.write(10_000)
    cache.step(10.0)

    assert 0 <= cache.warmth(some) <= 1
    assert cache.warmth(some) <= cache.warmth(some + more)


def test_the_same_seed_gives_the_same_numbers() -> None:
    """A drill is repeated by its seed."""
    models = [LlmD(seed=7), LlmD(seed=7), LlmD(seed=8)]
    for model in models:
        model.place([Pod(name="d", role=Role.DECODE), Pod(name="p", role=Role.PREFILL)])
        model.run(120)

    first, again, other = (model.client_ttft.total for model in models)
    assert (first == again, first == other) == (True, False)


def test_without_a_ready_pod_requests_are_refused() -> None:
    """The picker counts them as errors; nothing is queued for nobody."""
    model = LlmD(seed=1)
    model.place(
        [Pod(name="p", role=Role.PREFILL), Pod(name="d", role=Role.DECODE, phase=Phase.LOADING)]
    )

    model.run(60)

    assert model.picker.requests == 0
    assert model.picker.refused > 100


def test_a_pod_that_goes_away_takes_its_work_with_it() -> None:
    """What ran on it is lost for its clients, and a pod of the same name starts at nothing."""
    model = LlmD(seed=1)
    both = [Pod(name="d", role=Role.DECODE), Pod(name="p", role=Role.PREFILL)]
    model.place(both)
    model.run(60)
    under_way = len(model.decode["d"].running) + len(model.decode["d"].waiting)

    model.place(both[1:])
    model.place(both)

    assert model.picker.lost == under_way > 0
    assert model.decode["d"].generated_tokens == 0


def test_a_leaving_pod_ends_its_work_and_gets_no_more() -> None:
    """A pod that was scaled away drains within its grace period."""
    model = LlmD(seed=1)
    serving = [Pod(name=name, role=Role.DECODE) for name in ("stays", "goes")]
    prefill = Pod(name="p", role=Role.PREFILL)
    model.place([*serving, prefill])
    model.run(60)
    under_way = len(model.decode["goes"].running)

    leaving = Pod(name="goes", role=Role.DECODE, phase=Phase.LEAVING)
    model.place([serving[0], leaving, prefill])
    model.run(60)

    assert under_way > 0
    assert model.decode["goes"].running == []
    assert model.picker.lost == 0
    assert model.ready_endpoints == 2
