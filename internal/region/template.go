// SPDX-License-Identifier: Apache-2.0

package region

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Template is a pod template as it was rendered once for a hash of what it
// was made of. It is kept so that a newer agent, which would render the same
// wish otherwise, restarts nothing: the workload keeps the template it has
// until what it was made of changes.
type Template struct {
	// Hash names the scheme and the inputs, such as v2:3f8a….
	Hash string `json:"hash"`
	// Image is the image that was resolved when the template was made.
	Image string `json:"image"`
	// Loader is the image of the loader beside it, empty when that is the same.
	Loader string `json:"loader,omitempty"`
	// DataBytes is how much list data there was room for when the template was made.
	DataBytes int64 `json:"dataBytes,omitempty"`
	// Pod is the rendered pod template in the API's JSON.
	Pod json.RawMessage `json:"pod"`
}

// Template returns the template kept for the workload, such as "pool-general",
// or nil.
func (s *Store) Template(workload string) (*Template, error) {
	var t Template
	found, err := s.readJSON(templateFile(workload), &t)
	if err != nil || !found {
		return nil, err
	}
	return &t, nil
}

// SetTemplate keeps the workload's template.
func (s *Store) SetTemplate(workload string, t Template) error {
	return s.writeJSON(templateFile(workload), t)
}

// DropTemplate forgets the workload's template, if there is one.
func (s *Store) DropTemplate(workload string) error {
	if err := os.Remove(s.path(templateFile(workload))); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("state directory: %w", err)
	}
	return nil
}

func templateFile(workload string) string { return filepath.Join(templatesDir, workload+".json") }
