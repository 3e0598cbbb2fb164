"""probe_timing: how a probe of the engine asks."""

from cluster.actions.probe_timing import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
