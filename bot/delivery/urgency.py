"""How urgent a row of the outbox is: the smaller goes first."""

FIRST, URGENT, NORMAL, QUIET, LAST = 1, 2, 4, 6, 9
