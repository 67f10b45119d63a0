# SPDX-License-Identifier: Apache-2.0
#
# `make help` lists the targets. What is long is a script under hack/; a target
# is in the part of this file, or of hack/make/, that its subject belongs to. What
# stands after ##@ is a heading, after ## a target's line, after #@ one on variables.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Root often works in a checkout that is somebody else's, where git and the stamp
# of go build refuse; whoever runs make here trusts what is in it.
export GIT_CONFIG_COUNT := 1
export GIT_CONFIG_KEY_0 := safe.directory
export GIT_CONFIG_VALUE_0 := $(CURDIR)

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo v0.0.0)
IMAGE ?= ghcr.io/frontline-screening/frontline:$(VERSION)
LDFLAGS := -s -w -X github.com/frontline-screening/frontline/internal/cli.version=$(VERSION)

include hack/make/verify.mk
include hack/make/test.mk
include hack/make/demo.mk
include hack/make/bench.mk

##@ General

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^#@ / { printf "    %s\n", substr($$0, 4) } \
		/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Build

.PHONY: build
build: ## Build the binary into bin/.
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/frontline .

.PHONY: image
image: packages ## Build bin/frontline and the image dist/frontline.tar (IMAGE=name:tag).
	hack/image/build.sh '$(IMAGE)' '$(VERSION)'

.PHONY: tools
tools: ## Build the pinned tools into the user's cache folder.
	@for tool in controller-gen golangci-lint helm kustomize; do hack/tool.sh --path $$tool; done

.PHONY: packages
packages: ## Install the Debian packages that images and test clusters need (root).
	@hack/make/packages.sh

.PHONY: clean
clean: ## Remove bin/ and dist/; what is cached for the user stays.
	rm -rf bin dist
