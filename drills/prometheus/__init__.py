"""A stand-in of the Prometheus HTTP API that stores samples and evaluates PromQL."""
