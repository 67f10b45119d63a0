// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/region"
)

// hashScheme is the version of what Hash covers. It rises only when every
// workload shall restart with an upgrade, which a release note then announces.
const hashScheme = "v2"

// Hash names the inputs of a pod template.
func Hash(inputs any) (string, error) {
	data, err := canonical.Marshal(inputs)
	if err != nil {
		return "", fmt.Errorf("hash of a pod template: %w", err)
	}
	sum := sha256.Sum256(data)
	return hashScheme + ":" + hex.EncodeToString(sum[:8]), nil
}

// Wish is a pod template that a controller wants.
type Wish struct {
	// Key names the workload in the state directory, such as pool-general.
	Key string
	// Manager is the controller's field manager.
	Manager string
	// Hash names the inputs, Image, Loader and DataBytes repeat three of them.
	Hash      string
	Image     string
	Loader    string
	DataBytes int64
	// Render makes the template from the inputs.
	Render func() *corev1ac.PodTemplateSpecApplyConfiguration
}

// Settle returns the pod template to apply. As long as the inputs are the
// same, it is the template that was rendered first, from the state directory
// or, if that was lost, from the live Deployment (nil when there is none), so
// that an upgraded agent restarts nothing.
func Settle(store *region.Store, wish Wish, live *appsv1.Deployment) (*corev1ac.PodTemplateSpecApplyConfiguration, error) {
	kept, err := store.Template(wish.Key)
	if err != nil {
		return nil, err
	}
	if kept != nil && kept.Hash == wish.Hash {
		pod := &corev1ac.PodTemplateSpecApplyConfiguration{}
		if err := json.Unmarshal(kept.Pod, pod); err != nil {
			return nil, fmt.Errorf("template of %s in the state directory: %w", wish.Key, err)
		}
		return pod, nil
	}
	pod, err := recovered(wish, kept, live)
	if err != nil {
		return nil, err
	}
	if pod == nil {
		pod = wish.Render()
	}
	data, err := json.Marshal(pod)
	if err != nil {
		return nil, fmt.Errorf("template of %s: %w", wish.Key, err)
	}
	return pod, store.SetTemplate(wish.Key, region.Template{
		Hash: wish.Hash, Image: wish.Image, Loader: wish.Loader, DataBytes: wish.DataBytes, Pod: data,
	})
}

// recovered takes the template from a Deployment that was made from the same
// inputs when the state directory knows none.
func recovered(wish Wish, kept *region.Template, live *appsv1.Deployment) (*corev1ac.PodTemplateSpecApplyConfiguration, error) {
	if kept != nil || live == nil || live.Annotations[AnnotationTemplateHash] != wish.Hash {
		return nil, nil
	}
	owned, err := appsv1ac.ExtractDeployment(live, wish.Manager)
	if err != nil {
		return nil, fmt.Errorf("template of %s from its Deployment: %w", wish.Key, err)
	}
	if owned.Spec == nil {
		return nil, nil
	}
	return owned.Spec.Template, nil
}
