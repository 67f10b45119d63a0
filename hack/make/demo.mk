# SPDX-License-Identifier: Apache-2.0

##@ Demo
#@ FEED=path FORMAT=un-xml    a list of your own instead of the synthetic one; other
#@                            formats: docs/formats.md; those but ofac-csv and
#@                            frontline-jsonl need NEXT too
#@ NEXT=path                  the list published second (default: FEED with one person more)
#@ HUB=context REGIONS=a,b    clusters you already have instead of three on this machine;
#@                            then also IMAGE and PUBLISHER:
#@ IMAGE=name:tag             an image those clusters can pull
#@ PUBLISHER=http://host:port where those clusters reach this machine, which serves the list

.PHONY: demo
demo: $(if $(HUB),build,image) ## Bring up a hub and two regions, publish a list, screen travellers (Linux, root).
	$(if $(HUB),$(if $(filter file,$(origin IMAGE)),$(error HUB also needs IMAGE=name:tag: an image that those clusters can pull)))
	go run ./hack/demo up \
		$(if $(FEED),--feed '$(FEED)') $(if $(NEXT),--next '$(NEXT)') $(if $(FORMAT),--format '$(FORMAT)') \
		$(if $(HUB),--hub '$(HUB)' --regions '$(REGIONS)' --publisher '$(PUBLISHER)',--image-archive dist/frontline.tar) \
		--image '$(IMAGE)'

.PHONY: demo-down
demo-down: ## Take the demo's clusters down.
	go run ./hack/demo down
