# SPDX-License-Identifier: Apache-2.0
#
# A new step belongs into `generate` when it writes files that are committed, and
# is then verified by the last step; into `checks` when it only reads.

##@ Verify

.PHONY: generate
generate: ## Write everything that is generated: code, CRDs, chart templates, manifests.
	hack/generate.sh

.PHONY: fmt
fmt: ## Format the Go sources.
	hack/tool.sh golangci-lint fmt

.PHONY: lint
lint: ## Run the linters of .golangci.yml.
	hack/tool.sh golangci-lint run

.PHONY: lint-fix
lint-fix: ## Let the linters repair what they can, then run them.
	hack/tool.sh golangci-lint run --fix

.PHONY: lint-api
lint-api: ## Run kube-api-linter on api/.
	hack/tool.sh golangci-lint run -c .golangci-kal.yml ./api/...

.PHONY: lint-chart
lint-chart: ## Lint and render the chart in each role, and the kustomize default.
	hack/verify/chart.sh

.PHONY: vet
vet: ## Run gofmt and go vet, with and without the end-to-end tests.
	hack/verify/gofmt.sh
	go vet ./...
	go vet -tags e2e ./test/...

.PHONY: tidy
tidy: ## Check that go.mod says what is imported, and no more.
	go mod tidy -diff

.PHONY: hygiene
hygiene: ## Check headers, leftovers, keys, sizes, reasons of dependencies, and that nobody real is here.
	hack/verify/hygiene.sh
	hack/verify/dependencies.sh
	go test ./test/hygiene

.PHONY: checks
checks: tidy vet lint lint-api lint-chart hygiene ## Run every check that only reads.

# In this order also under -j: checks read what generate wrote.
.PHONY: verify
verify: ## Regenerate, run all checks, and fail on any difference to what is committed.
	$(MAKE) generate
	$(MAKE) checks
	hack/verify/clean-tree.sh
