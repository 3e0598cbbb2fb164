"""What pods said of themselves before a change can be read from the page, and is obeyed nowhere."""

import pytest

from incidents.events.run import BundleRecord, EvidenceKept, StepStarted
from tests.bot.postmortem.tale import APPROVAL, INCIDENT, RUN, Tale, opened, started
from tests.bot.web.reading import Reader

HOSTILE = "<script>alert(1)</script> \u202egnp.exe"
STEP = "add-decode"
PATH = f"/incidents/1/evidence/{RUN}/{STEP}"


def kept(text: str | None) -> Tale:
    """Tell of a step that has kept a text, or that found nothing to keep."""
    tale = Tale()
    digest = tale.store.texts.keep([text])[0] if text is not None else ""
    bundle = BundleRecord(
        text=digest, size=len(text or ""), pods=1, logs=1, metrics=0, events=0, missing=()
    )
    return (
        tale.tell(INCIDENT, opened())
        .tell(RUN, started())
        .tell(RUN, StepStarted(step=STEP, approval=APPROVAL, digest="d", before=()))
        .tell(RUN, EvidenceKept(step=STEP, approval=APPROVAL, bundle=bundle))
    )


def test_the_page_leads_to_what_was_kept() -> None:
    """After the pod is gone this is all that is left of it."""
    reader = Reader(kept(f"## log of engine\n{HOSTILE}"))

    page, text = reader.get("/incidents/1").text, reader.get(PATH)

    assert f'href="{PATH}"' in page
    assert "1 pod, 1 log" in page
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.headers["x-content-type-options"] == "nosniff"
    assert text.text == "## log of engine\n<script>alert(1)</script> \\u202egnp.exe"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"/incidents/2/evidence/{RUN}/{STEP}", id="of-another-incident"),
        pytest.param(f"/incidents/1/evidence/run-2-1/{STEP}", id="of-another-run"),
        pytest.param(f"/incidents/1/evidence/{RUN}/other", id="of-another-step"),
        pytest.param(f"/incidents/1/evidence/incident-1/{STEP}", id="of-no-run"),
        pytest.param(f"/incidents/x/evidence/{RUN}/{STEP}", id="of-no-number"),
    ],
)
def test_what_was_not_kept_is_missing(path: str) -> None:
    """An address is guessed more often than known."""
    assert Reader(kept("## log")).get(path).status_code == 404


def test_a_step_that_found_nothing_has_no_address() -> None:
    """A link that leads to nothing sends people away from what is there."""
    reader = Reader(kept(None))

    assert "evidence" not in reader.get("/incidents/1").text
    assert reader.get(PATH).status_code == 404


def test_what_was_erased_is_missing() -> None:
    """Erasing a text leaves the journal whole, and the page without it."""
    tale = kept("## log of somebody")
    bundle = tale.desk.run(RUN).step(STEP).evidence
    assert bundle is not None
    tale.store.texts.erase([bundle.text])

    assert Reader(tale).get(PATH).status_code == 404
