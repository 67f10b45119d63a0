// SPDX-License-Identifier: Apache-2.0

package stage

import (
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// pickDocument returns the document of a multi-document YAML text that has
// the kind and name.
func pickDocument(text, kind, name string) (string, error) {
	for document := range strings.SplitSeq(text, "\n---\n") {
		var head struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		}
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			return "", fmt.Errorf("manifest: %w", err)
		}
		if head.Kind == kind && head.Metadata.Name == name {
			return document, nil
		}
	}
	return "", fmt.Errorf("the manifests hold no %s %s", kind, name)
}
