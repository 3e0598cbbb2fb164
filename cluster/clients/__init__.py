"""The clients that reach Kubernetes and Prometheus, made honest."""
