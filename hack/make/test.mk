# SPDX-License-Identifier: Apache-2.0

##@ Test

#@ FUZZTIME=60s              how long make fuzz runs each target
#@ FUZZ=pattern              which targets, such as internal/watchlist

GOTEST_FLAGS ?=
FUZZTIME ?= 60s

.PHONY: test
test: ## Run all tests that need no nodes; controllers run against a real apiserver and etcd.
	assets="$$(go run ./hack/cluster assets)"; \
	KUBEBUILDER_ASSETS="$$assets" go test -timeout 20m $(GOTEST_FLAGS) ./...

.PHONY: e2e
e2e: image ## Build the image and run the end-to-end tests on real clusters (Linux, root).
	FRONTLINE_IMAGE='$(IMAGE)' FRONTLINE_IMAGE_ARCHIVE='$(CURDIR)/dist/frontline.tar' \
		go test ./test/e2e/... -tags e2e -count=1 -timeout 40m -v $(GOTEST_FLAGS)

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME, one a processor; prints inputs to keep.
	go run ./hack/fuzz -time $(FUZZTIME) $(if $(FUZZ),-run '$(FUZZ)')

.PHONY: bench
bench: ## Run the benchmarks (BENCH=pattern).
	go test -run '^$$' -bench '$(or $(BENCH),.)' -benchmem -timeout 30m ./internal/...
