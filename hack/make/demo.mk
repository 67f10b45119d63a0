# SPDX-License-Identifier: Apache-2.0

##@ Demo
#
# FEED=path FORMAT=un-xml   a list of your own instead of the synthetic one
# NEXT=path                 the list published second (default: FEED with a person more)
# HUB=context REGIONS=a,b   clusters you already have instead of the ones on this
#                           machine; then also IMAGE=name:tag, which they can pull,
#                           and PUBLISHER=http://host:port, where they reach this machine

.PHONY: demo
demo: $(if $(HUB),build,image) ## Bring up a hub and two regions and screen travellers (FEED, NEXT, FORMAT, HUB, REGIONS).
	go run ./hack/demo up \
		$(if $(FEED),--feed '$(FEED)') $(if $(NEXT),--next '$(NEXT)') $(if $(FORMAT),--format '$(FORMAT)') \
		$(if $(HUB),--hub '$(HUB)' --regions '$(REGIONS)' --publisher '$(PUBLISHER)',--image-archive dist/frontline.tar) \
		--image '$(IMAGE)'

.PHONY: demo-down
demo-down: ## Take the demo's clusters down.
	go run ./hack/demo down
