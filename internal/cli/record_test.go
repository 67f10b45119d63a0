// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/controllers/hub/keystore"
)

const secretID = "T.0003-synthetic"

func TestRecordHash(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(newScheme()).Build()
	keys, err := keystore.New(c, "frontline-system", time.Now).Feed(t.Context(), "intl.un-sc")
	if err != nil {
		t.Fatal(err)
	}
	o := recordOptions{kube: kubeOptions{namespace: "frontline-system"}, feed: "intl/un-sc"}
	for name, input := range map[string]struct {
		in   string
		args []string
	}{
		"a line":            {in: secretID + "\n"},
		"a line of Windows": {in: secretID + "\r\n"},
		"without an end":    {in: secretID},
		"an argument":       {args: []string{secretID}},
	} {
		hash, err := o.hash(t.Context(), c, strings.NewReader(input.in), input.args)
		if err != nil || string(hash) != keys.Key.RecordHash(secretID) {
			t.Errorf("%s: hash %s, %v", name, hash, err)
		}
	}
	for name, refused := range map[string]struct{ feed, in, want string }{
		"no id":        {"intl/un-sc", "\n", "no id"},
		"a space":      {"intl/un-sc", secretID + " \n", "space"},
		"a whole list": {"intl/un-sc", strings.Repeat(secretID, 1000), "more than"},
		"no such feed": {"intl/other", secretID, "has no keys"},
		"a feed's id":  {"intl.un-sc", secretID, "NAMESPACE/NAME"},
	} {
		o.feed = refused.feed
		_, err := o.hash(t.Context(), c, strings.NewReader(refused.in), nil)
		if err == nil || !strings.Contains(err.Error(), refused.want) || strings.Contains(err.Error(), secretID) {
			t.Errorf("%s: error is %v, want one with %q and without the id", name, err, refused.want)
		}
	}
}

func TestRecordRequestIsPrinted(t *testing.T) {
	const hash = "AAAAAAAAAAAAAAAAAAAAAA"
	run := func(args ...string) (string, error) {
		cmd := newRecordCommand()
		var out bytes.Buffer
		cmd.SetOut(&out)
		cmd.SetErr(&out)
		cmd.SilenceUsage = true
		cmd.SetArgs(args)
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	got, err := run("erase", "--feed", "intl/un-sc", "--reference", "DPA-2026/0117", "--hash", hash, "--print")
	for _, want := range []string{"kind: RecordRequest", "name: erase-dpa-2026-0117", "namespace: intl", "record: " + hash, "action: Erase", "name: un-sc"} {
		if err != nil || !strings.Contains(got, want) {
			t.Errorf("printed, %v:\n%s\nwant %q", err, got, want)
		}
	}
	for name, refused := range map[string]struct {
		args []string
		want string
	}{
		"no reference":  {[]string{"block", "--feed", "a/b", "--hash", hash, "--print"}, "--reference"},
		"no feed":       {[]string{"block", "--reference", "D-1", "--hash", hash, "--print"}, "--feed"},
		"not a hash":    {[]string{"block", "--feed", "a/b", "--reference", "D-1", "--hash", "x", "--print"}, "--hash"},
		"twice":         {[]string{"block", "--feed", "a/b", "--reference", "D-1", "--hash", hash, "--print", secretID}, "twice"},
		"nobody to ask": {[]string{"erase", "--feed", "a/b", "--reference", "D-1"}, "--yes"},
	} {
		if out, err := run(refused.args...); err == nil || !strings.Contains(err.Error(), refused.want) || strings.Contains(out+err.Error(), secretID) {
			t.Errorf("%s: error is %v, want %q", name, err, refused.want)
		}
	}
}

func TestRecordStatus(t *testing.T) {
	request := &screeningv1.RecordRequest{
		ObjectMeta: metav1.ObjectMeta{Namespace: "intl", Name: "erase-1"},
		Spec:       screeningv1.RecordRequestSpec{FeedRef: screeningv1.FeedReference{Name: "un-sc"}, Action: screeningv1.RecordErase, Reference: "D-1"},
		Status: screeningv1.RecordRequestStatus{State: screeningv1.RequestPending, Progress: "1/2", Copies: []screeningv1.RecordCopy{
			{Place: screeningv1.PlaceHub, Region: "frontline.hub", State: screeningv1.CopyDone},
			{Place: screeningv1.PlaceRegion, Region: "south", State: screeningv1.CopyOutstanding, Until: metav1.NewTime(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))},
		}},
	}
	c := fake.NewClientBuilder().WithScheme(newScheme()).WithObjects(request).WithStatusSubresource(request).Build()
	key := types.NamespacedName{Namespace: "intl", Name: "erase-1"}
	var out bytes.Buffer
	if err := recordStatus(t.Context(), c, key, "table", &out); err == nil {
		t.Error("a request that is not done ends with 0")
	}
	if !strings.Contains(out.String(), "south") || !strings.Contains(out.String(), "2026-03-02T08:00:00Z") {
		t.Errorf("printed:\n%s", out.String())
	}
	request.Status.State = screeningv1.RequestDone
	if err := c.Status().Update(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	if err := recordStatus(t.Context(), c, key, "json", &out); err != nil {
		t.Errorf("a request that is done: %v", err)
	}
}
