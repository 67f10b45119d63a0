// SPDX-License-Identifier: Apache-2.0

package front

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/frontline-screening/frontline/internal/matcher"
)

//go:embed openapi.json
var ownAPI []byte

// openAPI is the contract of searches with what a front adds to it.
var openAPI = sync.OnceValues(func() ([]byte, error) {
	var document, own map[string]any
	if err := json.Unmarshal(matcher.OpenAPI(), &document); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(ownAPI, &own); err != nil {
		return nil, err
	}
	mergeObjects(document, own)
	return json.MarshalIndent(document, "", "  ")
})

// mergeObjects adds to a JSON object what another has more.
func mergeObjects(into, add map[string]any) {
	for key, value := range add {
		object, ok := value.(map[string]any)
		there, both := into[key].(map[string]any)
		if ok && both {
			mergeObjects(there, object)
			continue
		}
		into[key] = value
	}
}

func handleOpenAPI(w http.ResponseWriter, _ *http.Request) {
	document, err := openAPI()
	if err != nil {
		newProblem(http.StatusInternalServerError, "The description of the interface is damaged in this build.").write(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document)
}
