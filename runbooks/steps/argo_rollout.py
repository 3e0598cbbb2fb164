"""argo_rollout: abort, retry, resume or promote the rollout of an Argo Rollout."""

from cluster.actions.argo_rollout import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
