"""rollout_strategy: how many pods come before others go."""

from cluster.actions.rollout_strategy import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
