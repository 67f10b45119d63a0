# SPDX-License-Identifier: Apache-2.0

##@ Measure
#@ ONLY=names                 some of the measures, separated by commas: docs/benchmarks.md
#@ MATCHER_DATA=folder        data for the accuracy of the matcher, which is no part of the project
#@ UN_LISTS=older,newer       two editions of the UN's list in XML, for the measure un
#@ BENCH_FLAGS=flags          more flags of the program, such as "-o json" or "-quick"

.PHONY: bench-replication
bench-replication: ## Measure what is promised of replication; fails when a promise is not kept (Linux, best as root).
	@mkdir -p bin
	go build -o bin/replication ./hack/replication
	UN_LISTS='$(UN_LISTS)' bin/replication $(if $(ONLY),-only '$(ONLY)') $(BENCH_FLAGS)

.PHONY: bench-replication-quick
bench-replication-quick: ## Try the program behind bench-replication, in about a minute; proves no promise.
	@$(MAKE) bench-replication BENCH_FLAGS=-quick

.PHONY: bench-matcher
bench-matcher: ## Measure what is promised of the reference engine; fails when a promise is not kept (Linux).
	@mkdir -p bin
	go build -o bin/matching ./hack/matching
	MATCHER_DATA='$(MATCHER_DATA)' bin/matching $(if $(ONLY),-only '$(ONLY)') $(BENCH_FLAGS)

.PHONY: bench-matcher-quick
bench-matcher-quick: ## Try the program behind bench-matcher, in under a minute; proves no promise.
	@$(MAKE) bench-matcher BENCH_FLAGS=-quick
