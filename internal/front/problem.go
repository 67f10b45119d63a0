// SPDX-License-Identifier: Apache-2.0

package front

import (
	"encoding/json"
	"net/http"
)

// problem is an error as the front tells it (RFC 9457). Detail is a sentence
// that names the field or the rule and quotes nothing of the subject.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func newProblem(status int, detail string) *problem {
	return &problem{Title: http.StatusText(status), Status: status, Detail: detail}
}

func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// detailOf returns the sentence of a pool's refusal.
func detailOf(data []byte) string {
	var p problem
	if json.Unmarshal(data, &p) != nil {
		return ""
	}
	return p.Detail
}
