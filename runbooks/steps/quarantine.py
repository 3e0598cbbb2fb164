"""quarantine: takes a pod out of its pool and leaves it running, for somebody to look at."""

from cluster.actions.quarantine import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
