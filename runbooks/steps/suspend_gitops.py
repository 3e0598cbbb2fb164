"""suspend_gitops: stops what brings the target back to what Git says, or lets it go on."""

from cluster.actions.suspend_gitops import ACTION
from runbooks.language.of_action import step

STEP = step(ACTION)
