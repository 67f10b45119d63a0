// SPDX-License-Identifier: Apache-2.0

// Package bundle exports orders and lists for places without a line, and keeps
// a record of each export: what was erased may still be read from a bundle in
// its region until the bundle expires.
package bundle

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
	"github.com/frontline-screening/frontline/internal/bundle"
	"github.com/frontline-screening/frontline/internal/canonical"
)

const (
	recordKey    = "bundles.json"
	recordFormat = "frontline.bundles/v1"
	// maxRecords keeps a Secret below its limit of 1 MiB.
	maxRecords = 500
)

// RecordName is the name of the Secret with the record of a region's bundles,
// in the namespace of the installation.
func RecordName(region string) string { return "frontline-bundles-" + region }

// Record is one bundle that was exported.
type Record struct {
	Number   int64     `json:"number"`
	Sequence int64     `json:"sequence"`
	Digest   string    `json:"digest"`
	Created  time.Time `json:"created"`
	// Expires is when the region refuses it.
	Expires time.Time     `json:"expires"`
	Feeds   []bundle.Feed `json:"feeds"`
}

// Release is the release of a feed in the bundle, 0 when the feed is not in it.
func (r Record) Release(feed string) int64 {
	for _, f := range r.Feeds {
		if f.ID == feed {
			return f.Release
		}
	}
	return 0
}

// records is the form of bundles.json.
type records struct {
	Format string `json:"format"`
	// Last is the highest number ever given.
	Last    int64    `json:"last"`
	Bundles []Record `json:"bundles"`
}

// ledger is the record of a region's bundles and the Secret it was read from.
type ledger struct {
	records
	secret *corev1.Secret
}

func readLedger(ctx context.Context, reader client.Reader, namespace, region string) (*ledger, error) {
	l := &ledger{secret: &corev1.Secret{}, records: records{Format: recordFormat}}
	err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: RecordName(region)}, l.secret)
	if apierrors.IsNotFound(err) {
		l.secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: RecordName(region), Labels: map[string]string{screeningv1.LabelRegion: region},
		}}
		return l, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s/%s: %w", namespace, RecordName(region), err)
	}
	if err := json.Unmarshal(l.secret.Data[recordKey], &l.records); err != nil || l.Format != recordFormat {
		return nil, fmt.Errorf("secret %s/%s: key %s is damaged; restore it from its backup, or delete it when every bundle for region %s has expired",
			namespace, RecordName(region), recordKey, region)
	}
	return l, nil
}

// number is the next, in Unix milliseconds where the clock allows.
func (l *ledger) number(now time.Time) int64 { return max(l.Last+1, now.UnixMilli()) }

// add records a bundle and drops those that nobody can import any more. It
// conflicts when somebody else recorded one since the ledger was read.
func (l *ledger) add(ctx context.Context, c client.Client, r Record) error {
	l.Bundles = slices.DeleteFunc(l.Bundles, func(old Record) bool { return !old.Expires.After(r.Created) })
	if len(l.Bundles) >= maxRecords {
		return fmt.Errorf("%d bundles for the region are valid, at most %d are kept account of; wait until some have expired", len(l.Bundles), maxRecords)
	}
	l.Bundles, l.Last = append(l.Bundles, r), r.Number
	data, err := canonical.Marshal(l.records)
	if err != nil {
		return err
	}
	secret := l.secret.DeepCopy()
	secret.Data = map[string][]byte{recordKey: data}
	if secret.ResourceVersion == "" {
		err = c.Create(ctx, secret)
	} else {
		err = c.Update(ctx, secret)
	}
	if err != nil {
		return fmt.Errorf("record the bundle in Secret %s/%s: %w; nothing was exported, export again", secret.Namespace, secret.Name, err)
	}
	l.secret = secret
	return nil
}

// Valid returns the bundles of a region that can still be imported, oldest
// first. reader must not be a cache: the hub may not list Secrets.
func Valid(ctx context.Context, reader client.Reader, namespace, region string, now time.Time) ([]Record, error) {
	l, err := readLedger(ctx, reader, namespace, region)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(l.Bundles, func(r Record) bool { return !r.Expires.After(now) }), nil
}

// Outstanding is a bundle that holds a feed and can still be imported.
type Outstanding struct {
	Region  string
	Release int64
	Until   time.Time
}

// Holding returns the bundles with a feed that can still be imported, those of
// every region: one entry a region and release, with the latest end.
func Holding(ctx context.Context, c client.Reader, reader client.Reader, namespace string, feed screeningv1.FeedID, now time.Time) ([]Outstanding, error) {
	regions := &screeningv1.RegionalClusterList{}
	if err := c.List(ctx, regions); err != nil {
		return nil, fmt.Errorf("list RegionalClusters: %w", err)
	}
	var out []Outstanding
	for i := range regions.Items {
		region := regions.Items[i].Name
		valid, err := Valid(ctx, reader, namespace, region, now)
		if err != nil {
			return nil, err
		}
		for _, r := range valid {
			release := r.Release(string(feed))
			if release == 0 {
				continue
			}
			at := slices.IndexFunc(out, func(o Outstanding) bool { return o.Region == region && o.Release == release })
			if at < 0 {
				out = append(out, Outstanding{Region: region, Release: release, Until: r.Expires})
			} else if r.Expires.After(out[at].Until) {
				out[at].Until = r.Expires
			}
		}
	}
	return out, nil
}
