"""A stand-in of the Kubernetes API server and its deployment controller."""
