// SPDX-License-Identifier: Apache-2.0

package misuse

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// furnishRegion gives the region what its agent applied from an order, a pod,
// and people with their roles.
func furnishRegion(t *testing.T) {
	t.Helper()
	for _, kind := range []string{"MatcherPool", "BorderPost"} {
		if err := create(applied(sample(t, kind)))(t.Context(), region.as(t, agentAccount)); err != nil {
			t.Fatal(err)
		}
	}
	region.make(t, sample(t, "RegionTerms"))
	region.make(t, object("secret/region-north/general-loader-tls"))
	region.make(t, object("namespace//elsewhere"))
	region.make(t, pod("region-north", "general-matcher-0"))
	region.make(t, pod("elsewhere", "another"))

	region.grant(t, regionalAdmin, "frontline-regional-admin", "region-north")
	region.grant(t, platform, "frontline-platform", "")
	for _, role := range []string{"system:aggregate-to-admin", "system:aggregate-to-edit", "system:aggregate-to-view"} {
		region.grant(t, namespaceAdmin, role, "region-north")
	}
}

// applied is an object as the agent makes it.
func applied(o *unstructured.Unstructured) *unstructured.Unstructured {
	o.SetLabels(map[string]string{"screening.frontline.dev/region": "north"})
	o.SetAnnotations(map[string]string{
		"screening.frontline.dev/hub-uid":        "0b9f2c1e-6a54-4f0e-9a63-5d3f3c7a1b20",
		"screening.frontline.dev/hub-generation": "1",
	})
	return o
}

func TestRegion(t *testing.T) {
	furnishRegion(t)
	const (
		policy   = "frontline-applied-north"
		pods     = "frontline-pods-north"
		replicas = "frontline-replicas-north"

		pool  = "pool/region-north/general"
		post  = "post/region-north/hani-i-hotit"
		inPod = "pods/general-matcher-0/"
	)
	own := sample(t, "MatcherPool")
	own.SetName("own")
	forged := applied(own.DeepCopy())
	forged.SetName("forged")
	replica := sample(t, "WatchlistReplica")
	debugger := `{"spec":{"ephemeralContainers":[{"name":"debugger","image":"registry.example/debugger","securityContext":` + restricted + `}]}}`

	refuses(t, region, []misuse{
		{agentAccount, "runs a command in a matcher", connect(inPod + "exec?command=id"), rbac, ""},
		{agentAccount, "lists the region's Secrets", list("secret/region-north/"), rbac, ""},
		{agentAccount, "reads another Secret of the installation", get("secret/" + install + "/frontline-other"), rbac, ""},
		{agentAccount, "accepts more by itself", patch("terms/region-north/terms", `{"spec":{"feeds":["*"]}}`), rbac, ""},
		{agentAccount, "makes a pod", create(pod("region-north", "attack")), rbac, ""},
		{agentAccount, "makes a pod beside itself", create(pod(install, "attack")), rbac, ""},
		{agentAccount, "lifts Pod Security", patch("namespace//region-north", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`), rbac, ""},
		{agentAccount, "binds itself to a role", create(object("role/region-north/attack")), rbac, ""},
		{agentAccount, "takes a policy away", remove("refusal//" + pods), rbac, ""},
		{agentAccount, "works in another namespace", create(object("secret/elsewhere/attack")), rbac, ""},
		{agentAccount, "opens its own namespace to the network", remove("policies/" + install + "/frontline-default-deny"), rbac, ""},
		{agentAccount, "reads nodes", list("node//"), rbac, ""},
		{registryAccount, "reads the region's Secrets", get("secret/region-north/general-loader-tls"), rbac, ""},
		{registryAccount, "reads pools", list("pool/region-north/"), rbac, ""},

		{namespaceAdmin, "runs a command in a matcher", connect(inPod + "exec?command=id"), pods, "kubectl logs"},
		{namespaceAdmin, "attaches to a matcher", connect(inPod + "attach"), pods, "pods/attach"},
		{namespaceAdmin, "forwards a port of a matcher", connect(inPod + "portforward"), pods, ""},
		{namespaceAdmin, "reads a matcher's metrics through the API server", connect(inPod + "proxy/metrics"), pods, ""},
		{namespaceAdmin, "asks a matcher through the API server", connect("services/general-matcher/proxy/"), pods, ""},
		{clusterAdmin, "debugs a matcher", patch("pod/region-north/general-matcher-0", debugger, "ephemeralcontainers"), pods, "in an emergency"},
		{namespaceAdmin, "changes a pool", patch(pool, `{"spec":{"bounds":{"max":4}}}`), rbac, ""},
		{clusterAdmin, "runs a command in a matcher", connect(inPod + "exec?command=id"), pods, "deletes ValidatingAdmissionPolicyBinding " + pods},

		{regionalAdmin, "runs a command in a matcher", connect(inPod + "exec?command=id"), rbac, ""},
		{regionalAdmin, "reads a loader's key", get("secret/region-north/general-loader-tls"), rbac, ""},
		{regionalAdmin, "has a pool search another feed", patch(pool, `{"spec":{"feeds":[{"id":"rs.national"}]}}`), rbac, ""},
		{regionalAdmin, "accepts more than the region does", patch("terms/region-north/terms", `{"spec":{"feeds":["*"]}}`), rbac, ""},
		{regionalAdmin, "stops the agent", remove("pod/" + install + "/frontline-agent-0"), rbac, ""},
		{regionalAdmin, "opens the region to the network", remove("policies/region-north/frontline-default-deny"), rbac, ""},

		{platform, "changes a pool's bounds", patch(pool, `{"spec":{"bounds":{"max":4}}}`), policy, "kubectl scale pool general -n region-north"},
		{platform, "scales past the scale", patch(pool, `{"spec":{"replicas":5}}`), policy, "kubectl scale"},
		{platform, "has a post screen for another purpose", patch(post, `{"spec":{"purposes":["LawEnforcement"]}}`), policy, "change it on the hub"},
		{platform, "withdraws a post", remove(post), policy, "delete it on the hub"},
		{platform, "claims a pool by taking the mark off", patch(pool, `{"metadata":{"annotations":{"screening.frontline.dev/hub-uid":null}}}`), policy, "the marks of pool general"},
		{platform, "claims a pool and changes it", patch(pool, `{"metadata":{"annotations":{"screening.frontline.dev/hub-uid":null}},"spec":{"bounds":{"max":4}}}`), policy, ""},
		{platform, "makes an applied pool look newer", patch(pool, `{"metadata":{"annotations":{"screening.frontline.dev/hub-generation":"9"}}}`), policy, ""},
		{platform, "marks a pool as an orphan", patch(pool, `{"metadata":{"annotations":{"screening.frontline.dev/orphaned":"true"}}}`), policy, ""},
		{platform, "gives a pool to another region", patch(pool, `{"metadata":{"labels":{"screening.frontline.dev/region":"south"}}}`), policy, ""},
		{platform, "holds a pool against its withdrawal", patch(pool, `{"metadata":{"finalizers":["example.org/hold"]}}`), policy, "a finalizer would hold"},
		{platform, "makes a pool that looks applied", create(forged), policy, "create pools and posts on the hub"},
		{clusterAdmin, "says that a pool serves", patch(pool, `{"status":{"pods":"9/9"}}`, "status"), policy, "the agent alone writes the status"},
		{clusterAdmin, "adds a copy to the inventory", create(replica), replicas, ""},
	})

	allows(t, region, []use{
		{agentAccount, "applies a pool", create(forged)},
		{agentAccount, "follows a newer order", patch(pool, `{"metadata":{"annotations":{"screening.frontline.dev/hub-generation":"2"}},"spec":{"bounds":{"max":6}}}`)},
		{agentAccount, "marks an orphan", patch(pool, `{"metadata":{"annotations":{"screening.frontline.dev/orphaned":"true"}}}`)},
		{agentAccount, "writes the status of a pool", patch(pool, `{"status":{"pods":"1/1"}}`, "status")},
		{agentAccount, "withdraws a pool", remove("pool/region-north/forged")},
		{agentAccount, "shows a copy", create(replica)},
		{agentAccount, "writes the status of a copy", patch("replica/region-north/intl.un-sc", `{"status":{"servedBy":"1 pod"}}`, "status")},
		{agentAccount, "reads a certificate by its name", get("secret/region-north/general-loader-tls")},

		{regionalAdmin, "scales a pool", patch(pool, `{"spec":{"replicas":3}}`, "scale")},
		{regionalAdmin, "looks for pods", list("pod/region-north/")},
		{regionalAdmin, "looks for Deployments", list("deployment/region-north/")},
		{platform, "asks the agent to look", patch(pool, `{"metadata":{"annotations":{"screening.frontline.dev/reconcile-at":"now"}}}`)},
		// What `frontline pool release` writes.
		{platform, "gives a pool's scale back", patch(pool, `{"metadata":{"managedFields":[{}]}}`)},
		{platform, "extends the region's terms", patch("terms/region-north/terms", `{"spec":{"feeds":["intl.*"]}}`)},
		{platform, "makes a pool that no order names", create(own)},
		{platform, "changes that pool", patch("pool/region-north/own", `{"spec":{"bounds":{"max":4}}}`)},
		{platform, "deletes that pool", remove("pool/region-north/own")},
		{clusterAdmin, "debugs a pod of another namespace", patch("pod/elsewhere/another", debugger, "ephemeralcontainers")},
		{namespaceController, "empties the namespace of copies", remove("replica/region-north/intl.un-sc")},
		{namespaceController, "empties the namespace of posts", remove(post)},
	})
}
