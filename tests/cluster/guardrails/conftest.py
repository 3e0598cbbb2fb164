"""What guards are tried on: llm-d on the stand-in, with four decode and two prefill pods."""

import pytest

from tests.cluster.conftest import StandInKubernetes
from tests.cluster.guardrails.scenes import Guarding, Told


@pytest.fixture
def guarding(kubernetes: StandInKubernetes) -> Guarding:
    return Guarding(kubernetes=kubernetes, told=Told())
