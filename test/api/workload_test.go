// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"
)

func TestInvalidMatcherPool(t *testing.T) {
	const (
		poolName = ": a pool's name is a DNS label of at most 50 characters that begins with a letter, since its Service is named after it"
		image    = "spec.engine.image: image is an image reference such as ghcr.io/frontline-screening/frontline:v0.1.0, or empty for the operator's own"
	)
	feed := func(id string) map[string]any { return map[string]any{"id": id} }
	refuse(t, "MatcherPool", []refusal{
		{"name with a dot", []edit{set("metadata.name", "gene.ral")}, []string{poolName}},
		{"name too long for its Service", []edit{set("metadata.name", strings.Repeat("g", 51))}, []string{poolName}},
		{"no feeds", []edit{set("spec.feeds", []any{})}, []string{"spec.feeds: spec.feeds in body " + listOfNothing}},
		{"feed without a namespace", []edit{set("spec.feeds.0.id", "un-sc")}, []string{"spec.feeds[0].id: " + feedID}},
		{"feed by pattern", []edit{set("spec.feeds.0.id", "intl.*")}, []string{"spec.feeds[0].id: " + feedID}},
		{"same feed twice", []edit{set("spec.feeds", []any{feed("intl.un-sc"), feed("intl.un-sc")})}, []string{`spec.feeds[1]: Duplicate value: {"id":"intl.un-sc"}`}},
		{"no modality", []edit{set("spec.modalities", []any{})}, []string{"spec.modalities: spec.modalities in body " + listOfNothing}},
		{"unknown modality", []edit{set("spec.modalities", []any{"Gait"})}, []string{`spec.modalities[0]: Unsupported value: "Gait": supported values: "Biographic", "Document"`}},
		{"fewer than no replicas", []edit{set("spec.replicas", int64(-1))}, []string{"spec.replicas: spec.replicas in body should be greater than or equal to 0", ".spec.replicas: should be a non-negative integer"}},
		{"replicas beyond reason", []edit{set("spec.replicas", int64(257))}, []string{"spec.replicas: spec.replicas in body should be less than or equal to 256"}},
		{"bounds crossed", []edit{set("spec.bounds.min", int64(9))}, []string{"spec.bounds: min must not be larger than max"}},
		{"bounds that allow none", []edit{set("spec.bounds.min", int64(0))}, []string{"spec.bounds.min: spec.bounds.min in body should be greater than or equal to 1"}},
		{"image with a scheme", []edit{set("spec.engine.image", "docker://frontline:v1")}, []string{image}},
		{"image with capitals", []edit{set("spec.engine.image", "ghcr.io/Frontline/matcher:v1")}, []string{image}},
		{"engine that says nothing", []edit{set("spec.engine", map[string]any{})}, []string{"spec.engine: spec.engine in body should have at least 1 properties"}},
		{"memory too small", []edit{set("spec.resources.memory", "1Mi")}, []string{"spec.resources.memory: memory must be at least 32Mi, which an empty matcher needs"}},
		{"cpu of zero", []edit{set("spec.resources.cpu", "0")}, []string{"spec.resources.cpu: cpu must be more than zero; write for instance 100m"}},
		{"pods that follow the weather", []edit{set("spec.autoscaling", map[string]any{"mode": "Weather"})}, []string{`spec.autoscaling.mode: Unsupported value: "Weather": supported values: "Off", "Load"`}},
		{"pods that shall be full", []edit{set("spec.autoscaling", map[string]any{"mode": "Load", "targetUtilization": int64(95)})}, []string{"spec.autoscaling.targetUtilization: spec.autoscaling.targetUtilization in body should be less than or equal to 90"}},
		{"pods that go in every lull", []edit{set("spec.autoscaling", map[string]any{"mode": "Load", "scaleDownAfter": "30s"})}, []string{"spec.autoscaling.scaleDownAfter: scaleDownAfter must be from 1m to 24h; a shorter time takes pods away in every lull"}},
		{"unknown spread", []edit{set("spec.spread", "Wide")}, []string{`spec.spread: Unsupported value: "Wide": supported values: "Soft", "Hard"`}},
		{"reset that marks nothing", []edit{set("spec.replicasReset", "")}, []string{"spec.replicasReset: spec.replicasReset in body should be at least 1 chars long"}},
		{"field of a later version", []edit{set("spec.shards", map[string]any{"count": int64(2)})}, []string{`MatcherPool in version "v1alpha1" cannot be handled as a MatcherPool: strict decoding error: unknown field "spec.shards"`}},
	})
}

func TestInvalidBorderPost(t *testing.T) {
	const (
		unlocode = "spec.location.unlocode: unlocode is a UN/LOCODE without the space: two letters of the country and three letters or digits 2 to 9, such as ALHAN"
		hostname = "spec.endpoint.hostname: hostname is a DNS name in lower case, such as hani.north.example"
		nodePort = "spec.endpoint.nodePort: nodePort must be from 30000 to 32767, or absent so that the cluster chooses one"
	)
	pool := map[string]any{"name": "general"}
	refuse(t, "BorderPost", []refusal{
		{"name with a dot", []edit{set("metadata.name", "hani.i.hotit")}, []string{": a post's name is a DNS label of at most 50 characters that begins with a letter, since its Service is named after it"}},
		{"unknown type", []edit{set("spec.type", "Space")}, []string{`spec.type: Unsupported value: "Space": supported values: "Airport", "Land", "Sea", "Rail", "ReceptionCentre", "Mobile"`}},
		{"no location", []edit{remove("spec.location")}, []string{"spec.location: " + required}},
		{"country by name", []edit{set("spec.location.country", "Albania"), remove("spec.location.unlocode")}, []string{"spec.location.country: " + country}},
		{"unlocode with a space", []edit{set("spec.location.unlocode", "AL HAN")}, []string{unlocode}},
		{"unlocode with the digit 1", []edit{set("spec.location.unlocode", "ALHA1")}, []string{unlocode}},
		{"unlocode of another country", []edit{set("spec.location.unlocode", "MEBAR")}, []string{"spec.location: unlocode must begin with the country; correct one of the two"}},
		{"no pools", []edit{set("spec.pools", []any{})}, []string{"spec.pools: spec.pools in body " + listOfNothing}},
		{"same pool twice", []edit{set("spec.pools", []any{pool, pool})}, []string{`spec.pools[1]: Duplicate value: {"name":"general"}`}},
		{"pool of another namespace", []edit{set("spec.pools.0.name", "region-south/general")}, []string{"spec.pools[0].name: name is the name of a MatcherPool in this namespace, such as general"}},
		{"subset of no feeds", []edit{set("spec.pools.0.feeds", []any{})}, []string{"spec.pools[0].feeds: spec.pools[0].feeds in body " + listOfNothing}},
		{"subset with a wrong id", []edit{set("spec.pools.0.feeds", []any{"UN"})}, []string{"spec.pools[0].feeds[0]: spec.pools[0].feeds[0] in body should be at least 3 chars long", "spec.pools[0].feeds[0]: " + feedID}},
		{"no purposes", []edit{remove("spec.purposes")}, []string{"spec.purposes: " + required}},
		{"unknown purpose", []edit{set("spec.purposes", []any{"Curiosity"})}, []string{"spec.purposes[0]: " + purposes}},
		{"unknown endpoint", []edit{set("spec.endpoint.type", "Gateway")}, []string{`spec.endpoint.type: Unsupported value: "Gateway": supported values: "ClusterIP", "NodePort"`}},
		{"no hostname", []edit{remove("spec.endpoint.hostname")}, []string{"spec.endpoint: type NodePort needs a hostname, which goes into the post's certificate; give the name that devices use, such as hani.north.example"}},
		{"hostname with a port", []edit{set("spec.endpoint.hostname", "hani.north.example:8443")}, []string{hostname}},
		{"hostname with capitals", []edit{set("spec.endpoint.hostname", "Hani.North.Example")}, []string{hostname}},
		{"port below the range", []edit{set("spec.endpoint.nodePort", int64(8443))}, []string{nodePort}},
		{"port above the range", []edit{set("spec.endpoint.nodePort", int64(32768))}, []string{nodePort}},
		{"port without NodePort", []edit{set("spec.endpoint.type", "ClusterIP"), set("spec.endpoint.nodePort", int64(30443))}, []string{"spec.endpoint: nodePort is for type NodePort only; remove nodePort or change type"}},
		{"mark after stop", []edit{set("spec.freshness.mark", "36h")}, []string{"spec.freshness: " + markStop}},
	})
}
