// SPDX-License-Identifier: Apache-2.0

package regionalcluster

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	screeningv1 "github.com/frontline-screening/frontline/api/v1alpha1"
)

// Keys of the Secret in which the hub keeps a region's record.
const (
	invitationKey = "invitation.json"
	identityKey   = "identity.json"
)

// RecordName is the name of the Secret that holds the record of a region, in
// the namespace of the installation.
func RecordName(region string) string { return "frontline-region-" + region }

// Record is what the hub keeps of a region outside of its RegionalCluster: the
// open invitation, and the pinned identity. Status is lost when objects are
// restored from manifests; what a region proved at joining is not.
type Record struct {
	Invitation *Invitation
	Identity   *Identity

	secret *corev1.Secret
}

// Invitation is the hub's half of an invitation. The token itself is not kept.
type Invitation struct {
	// TokenHash is join.HashToken of the token.
	TokenHash string    `json:"tokenHash"`
	Expires   time.Time `json:"expires"`
	// UsedBy is the digest of the key that joined with the token.
	UsedBy string `json:"usedBy,omitempty"`
}

// Identity is what joining pinned.
type Identity struct {
	// UID and Jurisdiction are those of the RegionalCluster that the region
	// joined. Orders carry this UID for as long as a RegionalCluster of the
	// same name and jurisdiction stands, also if it was deleted and made again.
	UID          types.UID `json:"uid"`
	Jurisdiction string    `json:"jurisdiction"`
	KeyDigest    string    `json:"keyDigest"`
	// PublicKey is base64 of the PKIX form.
	PublicKey   string    `json:"publicKey"`
	Joined      time.Time `json:"joined"`
	Incarnation int64     `json:"incarnation"`
}

// ReadRecord reads the record of a region; an empty one when there is none.
// reader must not be a cache: the hub may not list Secrets.
func ReadRecord(ctx context.Context, reader client.Reader, namespace, region string) (*Record, error) {
	record := &Record{secret: &corev1.Secret{}}
	err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: RecordName(region)}, record.secret)
	if apierrors.IsNotFound(err) {
		record.secret = &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: RecordName(region),
			Labels: map[string]string{screeningv1.LabelRegion: region},
		}}
		return record, nil
	}
	if err != nil {
		return nil, fmt.Errorf("record of region %s: %w", region, err)
	}
	for key, into := range map[string]any{invitationKey: &record.Invitation, identityKey: &record.Identity} {
		data, ok := record.secret.Data[key]
		if !ok {
			continue
		}
		if err := json.Unmarshal(data, into); err != nil {
			return nil, fmt.Errorf("record of region %s: Secret %s/%s: key %s is damaged; restore the Secret or invite the region again",
				region, namespace, RecordName(region), key)
		}
	}
	return record, nil
}

// Write stores the record. It fails with a conflict when somebody else wrote
// it since it was read, so that a token is used by one region alone.
func (r *Record) Write(ctx context.Context, c client.Client) error {
	secret := r.secret.DeepCopy()
	secret.Data = map[string][]byte{}
	values := map[string]any{}
	if r.Invitation != nil {
		values[invitationKey] = r.Invitation
	}
	if r.Identity != nil {
		values[identityKey] = r.Identity
	}
	for key, value := range values {
		data, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("record %s: %w", secret.Name, err)
		}
		secret.Data[key] = data
	}
	var err error
	if secret.ResourceVersion == "" {
		err = c.Create(ctx, secret)
	} else {
		err = c.Update(ctx, secret)
	}
	if err != nil {
		return fmt.Errorf("write Secret %s/%s: %w", secret.Namespace, secret.Name, err)
	}
	r.secret = secret
	return nil
}

// Pinned returns the identity if it holds for the object: a RegionalCluster
// made again for another legal order is another region, and must join.
func (r *Record) Pinned(region *screeningv1.RegionalCluster) *Identity {
	if r.Identity == nil || r.Identity.Jurisdiction != string(region.Spec.Jurisdiction) {
		return nil
	}
	return r.Identity
}

// UID is the UID that orders, reports and invitations of the region carry.
func (r *Record) UID(region *screeningv1.RegionalCluster) types.UID {
	if pinned := r.Pinned(region); pinned != nil {
		return pinned.UID
	}
	return region.UID
}
