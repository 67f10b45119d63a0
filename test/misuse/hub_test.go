// SPDX-License-Identifier: Apache-2.0

package misuse

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// furnishHub gives the hub what a deployment has: two regions, a feed, a pool, a
// post, a replica, and people with their roles.
func furnishHub(t *testing.T) {
	t.Helper()
	for name, labels := range map[string]map[string]string{
		"intl":         nil,
		"region-north": {"screening.frontline.dev/region": "north", "pod-security.kubernetes.io/enforce": "restricted"},
		"region-south": {"screening.frontline.dev/region": "south", "pod-security.kubernetes.io/enforce": "restricted"},
	} {
		hub.make(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}})
	}
	hub.make(t, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "intl", Name: "publisher"}})
	feed, pool := sample(t, "WatchlistFeed"), sample(t, "MatcherPool")
	feed.SetFinalizers([]string{"example.org/kept"})
	hub.make(t, feed)
	hub.make(t, pool)
	southern := pool.DeepCopy()
	southern.SetNamespace("region-south")
	hub.make(t, southern)
	hub.make(t, sample(t, "BorderPost"))
	hub.make(t, sample(t, "RegionalCluster"))

	hub.grant(t, viewer, "frontline-viewer", "")
	hub.grant(t, auditor, "frontline-auditor", "")
	hub.grant(t, platform, "frontline-platform", "")
	hub.grant(t, regionalAdmin, "frontline-regional-admin", "region-north")
}

func TestHub(t *testing.T) {
	furnishHub(t)
	const (
		finalizer  = "frontline-hub-finalizer"
		namespaces = "frontline-hub-namespaces"
		replicas   = "frontline-replicas"
	)
	attack := object("namespace//attack")
	unlabelled := object("namespace//region-attack")
	unprotected := object("namespace//region-attack")
	unprotected.SetLabels(map[string]string{"screening.frontline.dev/region": "attack"})
	approval, replica := sample(t, "Approval"), sample(t, "WatchlistReplica")
	another := sample(t, "MatcherPool")
	another.SetName("another")

	refuses(t, hub, []misuse{
		{hubAccount, "reads a publisher's Secret that nobody granted", get("secret/intl/publisher"), rbac, ""},
		{hubAccount, "lists the Secrets of its own namespace", list("secret/" + install + "/"), rbac, ""},
		{hubAccount, "shares a feed more widely", patch("feed/intl/un-sc", `{"spec":{"sharing":{"allow":["AL","XK"]}}}`), finalizer, "people write them"},
		{hubAccount, "writes annotations that people write", patch("feed/intl/un-sc", `{"metadata":{"annotations":{"attack":"yes"}}}`), finalizer, ""},
		{hubAccount, "takes somebody's finalizer off a feed", patch("feed/intl/un-sc", `{"metadata":{"finalizers":null}}`), finalizer, ""},
		{hubAccount, "has a pool search another feed", patch("pool/region-north/general", `{"spec":{"feeds":[{"id":"rs.national"}]}}`), finalizer, ""},
		{hubAccount, "has a post screen for another purpose", patch("post/region-north/hani-i-hotit", `{"spec":{"purposes":["LawEnforcement"]}}`), finalizer, ""},
		{hubAccount, "makes a pool", create(another), rbac, ""},
		{hubAccount, "deletes a feed", remove("feed/intl/un-sc"), rbac, ""},
		{hubAccount, "moves a region to another jurisdiction", patch("region//north", `{"spec":{"jurisdiction":"ME"}}`), rbac, ""},
		{hubAccount, "writes an approval", create(approval), rbac, ""},
		{hubAccount, "lifts Pod Security from kube-system", patch("namespace//kube-system", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`), namespaces, "region-NAME alone"},
		{hubAccount, "lifts Pod Security from a region", patch("namespace//region-north", `{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"privileged"}}}`), namespaces, "restricted"},
		{hubAccount, "takes the mark off a region's namespace", patch("namespace//region-north", `{"metadata":{"labels":{"screening.frontline.dev/region":null}}}`), namespaces, ""},
		{hubAccount, "takes kube-system for a region's", patch("namespace//kube-system", `{"metadata":{"labels":{"screening.frontline.dev/region":"system","pod-security.kubernetes.io/enforce":"restricted"}}}`), namespaces, ""},
		{hubAccount, "makes a namespace of its own", create(attack), namespaces, ""},
		{hubAccount, "makes a region's namespace without its mark", create(unlabelled), namespaces, ""},
		{hubAccount, "makes a region's namespace without Pod Security", create(unprotected), namespaces, "restricted"},
		{hubAccount, "deletes a region's namespace", remove("namespace//region-north"), rbac, ""},
		{hubAccount, "runs a pod", create(pod("intl", "attack")), rbac, ""},
		{hubAccount, "binds itself to another role", create(object("binding//attack")), rbac, ""},
		{hubAccount, "takes its policy away", remove("refusal//" + finalizer), rbac, ""},
		{hubAccount, "reads nodes", list("node//"), rbac, ""},

		{registryAccount, "reads the installation's Secrets", list("secret/" + install + "/"), rbac, ""},
		{registryAccount, "reads which regions there are", list("region//"), rbac, ""},

		{viewer, "reads a Secret", get("secret/intl/publisher"), rbac, ""},
		{viewer, "scales a pool", patch("pool/region-north/general", `{"spec":{"replicas":1}}`, "scale"), rbac, ""},
		{viewer, "changes a feed", patch("feed/intl/un-sc", `{"spec":{"suspend":true}}`), rbac, ""},

		{auditor, "reads a Secret", list("secret//"), rbac, ""},
		{auditor, "writes an approval", create(approval), rbac, ""},
		{auditor, "corrects the inventory", patch("replica/region-north/intl.un-sc", `{"spec":{"state":"Erase"}}`), rbac, ""},
		{auditor, "reads pods", list("pod/region-north/"), rbac, ""},

		{regionalAdmin, "scales another region's pool", patch("pool/region-south/general", `{"spec":{"replicas":1}}`, "scale"), rbac, ""},
		{regionalAdmin, "has a pool search another feed", patch("pool/region-north/general", `{"spec":{"feeds":[{"id":"rs.national"}]}}`), rbac, ""},
		{regionalAdmin, "reads another region's posts", list("post/region-south/"), rbac, ""},
		{regionalAdmin, "reads a feed", get("feed/intl/un-sc"), rbac, ""},
		{regionalAdmin, "reads Secrets of the own region", list("secret/region-north/"), rbac, ""},
		{regionalAdmin, "leaves", remove("region//north"), rbac, ""},
		{regionalAdmin, "makes a pool", create(another), rbac, ""},

		{platform, "reads a Secret", get("secret/intl/publisher"), rbac, ""},
		{platform, "writes the inventory", create(replica), rbac, ""},
		{platform, "writes a release's status", patch("feed/intl/un-sc", `{"status":{"regions":"9/9"}}`, "status"), rbac, ""},
		{platform, "takes a policy away", remove("refusal//" + replicas), rbac, ""},
		{platform, "binds a role", create(object("binding//attack")), rbac, ""},

		{clusterAdmin, "adds a copy to the inventory", create(replica), replicas, "change spec.sharing of the WatchlistFeed"},
	})

	witnessed := `{"metadata":{"finalizers":["example.org/kept","screening.frontline.dev/witness"]}}`
	released := `{"metadata":{"finalizers":["example.org/kept"]}}`
	allows(t, hub, []use{
		{hubAccount, "witnesses a feed", patch("feed/intl/un-sc", witnessed)},
		{hubAccount, "witnesses no longer", patch("feed/intl/un-sc", released)},
		{hubAccount, "witnesses a pool", patch("pool/region-north/general", `{"metadata":{"finalizers":["screening.frontline.dev/witness"]}}`)},
		{hubAccount, "witnesses a post", patch("post/region-north/hani-i-hotit", `{"metadata":{"finalizers":["screening.frontline.dev/witness"]}}`)},
		{platform, "changes a witnessed pool", patch("pool/region-north/general", `{"spec":{"bounds":{"max":6}}}`)},
		{hubAccount, "writes the status of a feed", patch("feed/intl/un-sc", `{"status":{"regions":"1/1"}}`, "status")},
		{hubAccount, "writes the status of a pool", patch("pool/region-north/general", `{"status":{"pods":"1/1"}}`, "status")},
		{hubAccount, "makes a region's namespace", create(regionNamespace("west"))},
		{hubAccount, "marks a region's namespace anew", patch("namespace//region-north", `{"metadata":{"labels":{"pod-security.kubernetes.io/audit":"restricted"}}}`)},
		{hubAccount, "enters a copy", create(replica)},
		{hubAccount, "corrects a copy", patch("replica/region-north/intl.un-sc", `{"spec":{"floor":"v10"}}`)},
		{hubAccount, "writes the status of a copy", patch("replica/region-north/intl.un-sc", `{"status":{"keyEpoch":2}}`, "status")},
		{hubAccount, "makes a Secret of its own", create(object("secret/" + install + "/frontline-region-north"))},
		{hubAccount, "reads a Secret of its own", get("secret/" + install + "/frontline-region-north")},
		{hubAccount, "publishes a release", create(sample(t, "WatchlistRelease"))},

		{viewer, "reads regions", list("region//")},
		{viewer, "reads the inventory", list("replica//")},
		{auditor, "reads approvals", list("approval//")},
		{auditor, "reads a receipt", get("replica/region-north/intl.un-sc")},
		{auditor, "reads who is bound to what", list("binding//")},
		{auditor, "reads what is refused", list("refusal//")},
		{regionalAdmin, "scales a pool", patch("pool/region-north/general", `{"spec":{"replicas":3}}`, "scale")},
		{regionalAdmin, "reads the region's posts", list("post/region-north/")},
		{platform, "makes a pool", create(another)},
		{platform, "shares a feed", patch("feed/intl/un-sc", `{"spec":{"sharing":{"allow":["AL"]}}}`)},
		{platform, "deletes a pool", remove("pool/region-north/another")},
		{platform, "brings an approval", create(approval)},
		{namespaceController, "empties a namespace", remove("replica/region-north/intl.un-sc")},
	})
}

// A replica that stands is refused to the administrator too, in each verb.
func TestInventoryIsNotEdited(t *testing.T) {
	furnishHub(t)
	replica := sample(t, "WatchlistReplica")
	if err := create(replica)(t.Context(), hub.as(t, hubAccount)); err != nil {
		t.Fatal(err)
	}
	const name, policy = "replica/region-north/intl.un-sc", "frontline-replicas"
	refuses(t, hub, []misuse{
		{clusterAdmin, "changes what a region holds", patch(name, `{"spec":{"state":"Erase"}}`), policy, "Frontline alone writes replicas"},
		{clusterAdmin, "says that a copy is erased", patch(name, `{"status":{"erasure":{"state":"Done"}}}`, "status"), policy, ""},
		{clusterAdmin, "hides a copy", remove(name), policy, "RegionTerms"},
	})
	allows(t, hub, []use{{hubAccount, "takes a copy out", remove(name)}})
}
