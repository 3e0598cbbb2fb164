"""What an action step must be to be planned at all."""

from incidents.run import StepStatus


def test_a_step_that_is_no_action_any_more_is_refused(story):
    """The verb was taken out of the program while the run waited."""
    story.verbs = {name: verb for name, verb in story.verbs.items() if name != "scale"}
    story.restarted()

    story.settle()

    assert story.step("add-decode").status is StepStatus.REFUSED
    assert story.step("add-decode").because == ("add-decode is no action of cache-evictions")
