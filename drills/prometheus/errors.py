"""What can be wrong with a query, a sample or a rule, named as Prometheus' API names it."""


class QueryError(Exception):
    """The query has no answer."""


class BadQuery(QueryError):
    """The text is not PromQL, or a parameter is malformed; Prometheus says 400 bad_data."""


class Unsupported(QueryError):
    """The query is PromQL but outside the declared subset; answered as 422 execution."""


class Failed(QueryError):
    """The query could not be evaluated over these series; Prometheus says 422 execution."""


class OutOfOrder(Exception):
    """The sample is not newer than the last one of its series."""


class BadRule(Exception):
    """The rule file says something that Prometheus refuses or that is outside the subset."""
