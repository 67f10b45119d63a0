// SPDX-License-Identifier: Apache-2.0

package garbage_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontline-screening/frontline/internal/garbage"
)

func TestReadOptions(t *testing.T) {
	if o, err := garbage.ReadOptions(strings.NewReader("")); err != nil || !cmp.Equal(o, garbage.Options{}) {
		t.Errorf("empty body: %+v, %v", o, err)
	}
	for _, body := range []string{"[]", `{"x":1}`, `{"untaggedSeconds":-1}`, `{"untaggedSeconds":99999999999}`, `{"erase":["a"]}`} {
		if _, err := garbage.ReadOptions(strings.NewReader(body)); err == nil {
			t.Errorf("%s was taken", body)
		}
	}
}

func FuzzReadOptions(f *testing.F) {
	f.Add(`{"untagged":["regions/*/order"],"untaggedSeconds":600,"erase":{"regions/a/feeds/b":["sha256:00"]},"verify":["sha256:00"]}`)
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, body string) {
		o, err := garbage.ReadOptions(strings.NewReader(body))
		if err != nil {
			return
		}
		data, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		again, err := garbage.ReadOptions(strings.NewReader(string(data)))
		if err != nil || o.UntaggedAfter() < 0 || len(again.Erase) != len(o.Erase) {
			t.Errorf("%q: %+v, then %+v, %v", body, o, again, err)
		}
	})
}
