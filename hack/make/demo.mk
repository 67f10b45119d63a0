# SPDX-License-Identifier: Apache-2.0

##@ Demo
#
# FEED=path FORMAT=un-xml   a list of your own instead of the synthetic one
# HUB=context REGIONS=a,b   clusters you already have instead of the ones on this machine

.PHONY: demo
demo: $(if $(HUB),,image) ## Bring up a hub and two regions and screen travellers (FEED, FORMAT, HUB, REGIONS).
	go run ./hack/demo up \
		$(if $(HUB),,--image '$(IMAGE)' --image-archive dist/frontline.tar) \
		$(if $(FEED),--feed '$(FEED)') $(if $(FORMAT),--format '$(FORMAT)') \
		$(if $(HUB),--hub '$(HUB)') $(if $(REGIONS),--regions '$(REGIONS)')

.PHONY: demo-down
demo-down: ## Take the demo's clusters down.
	go run ./hack/demo down
