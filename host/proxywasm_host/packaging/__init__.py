"""OCI images of plugins, as Higress and Istio load them."""
