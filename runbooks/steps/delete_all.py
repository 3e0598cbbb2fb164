"""delete_all: deletes all pods of a target at once, while none of them is ready."""

from cluster.actions.delete_all import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
