// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// Access is one way into a cluster: a context of a kubeconfig.
type Access struct {
	// Name names context, cluster and user.
	Name   string
	Server string
	// CA, Cert and Key are PEM.
	CA, Cert, Key []byte
}

// kubeconfig is the part of a client-go kubeconfig (kind Config, v1) that the
// rig writes and merges.
type kubeconfig struct {
	APIVersion     string         `json:"apiVersion"`
	Kind           string         `json:"kind"`
	CurrentContext string         `json:"current-context"`
	Clusters       []namedCluster `json:"clusters"`
	Contexts       []namedContext `json:"contexts"`
	Users          []namedUser    `json:"users"`
}

type namedCluster struct {
	Name    string `json:"name"`
	Cluster struct {
		Server string `json:"server"`
		CA     []byte `json:"certificate-authority-data"`
	} `json:"cluster"`
}

type namedContext struct {
	Name    string `json:"name"`
	Context struct {
		Cluster string `json:"cluster"`
		User    string `json:"user"`
	} `json:"context"`
}

type namedUser struct {
	Name string `json:"name"`
	User struct {
		Cert []byte `json:"client-certificate-data"`
		Key  []byte `json:"client-key-data"`
	} `json:"user"`
}

// Kubeconfig renders one file with a context for each access; the first is the
// current one.
func Kubeconfig(accesses ...Access) ([]byte, error) {
	config := kubeconfig{APIVersion: "v1", Kind: "Config"}
	for _, access := range accesses {
		cluster := namedCluster{Name: access.Name}
		cluster.Cluster.Server, cluster.Cluster.CA = access.Server, access.CA
		context := namedContext{Name: access.Name}
		context.Context.Cluster, context.Context.User = access.Name, access.Name
		user := namedUser{Name: access.Name}
		user.User.Cert, user.User.Key = access.Cert, access.Key
		config.Clusters = append(config.Clusters, cluster)
		config.Contexts = append(config.Contexts, context)
		config.Users = append(config.Users, user)
	}
	if len(accesses) > 0 {
		config.CurrentContext = accesses[0].Name
	}
	return yaml.Marshal(config)
}

// MergeKubeconfigs joins files that Kubeconfig rendered into one; the current
// context is that of the first.
func MergeKubeconfigs(files ...[]byte) ([]byte, error) {
	merged := kubeconfig{APIVersion: "v1", Kind: "Config"}
	for _, file := range files {
		var config kubeconfig
		if err := yaml.UnmarshalStrict(file, &config); err != nil {
			return nil, fmt.Errorf("merge kubeconfigs: %w", err)
		}
		if merged.CurrentContext == "" {
			merged.CurrentContext = config.CurrentContext
		}
		merged.Clusters = append(merged.Clusters, config.Clusters...)
		merged.Contexts = append(merged.Contexts, config.Contexts...)
		merged.Users = append(merged.Users, config.Users...)
	}
	return yaml.Marshal(merged)
}
