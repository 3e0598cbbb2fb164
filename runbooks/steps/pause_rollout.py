"""pause_rollout: a rollout stops where it is, or goes on."""

from cluster.actions.pause_rollout import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
