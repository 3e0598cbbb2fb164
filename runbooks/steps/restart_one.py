"""restart_one: lets the oldest pod begin anew, once all pods of the target are ready."""

from cluster.actions.restart_one import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
