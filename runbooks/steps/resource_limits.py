"""resource_limits: how much CPU and memory the engine may have."""

from cluster.actions.resource_limits import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
