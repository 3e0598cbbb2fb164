"""force_delete: forgets a pod that was asked to go, on a node that is confirmed dead."""

from cluster.actions.force_delete import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
