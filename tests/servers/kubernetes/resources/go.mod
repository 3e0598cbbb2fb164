// Where the definitions of the custom kinds come from; nothing of it is built.
module triaged.test/resources

go 1.25.0

require (
	github.com/argoproj/argo-rollouts v1.8.5
	github.com/kedacore/keda/v2 v2.21.0
	github.com/kserve/kserve v0.17.0
	sigs.k8s.io/gateway-api v1.6.3
	sigs.k8s.io/gateway-api-inference-extension v1.3.0
	sigs.k8s.io/lws v0.9.0
)
