// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Asked is what the kinds have in common that people write: by an annotation
// they can ask to have an object looked at, and see in its status that it was.
//
// +kubebuilder:object:generate=false
// +kubebuilder:ac:generate=false
type Asked interface {
	Object
	// SetLastHandledReconcileAt notes which request was handled.
	SetLastHandledReconcileAt(value string)
}

// SetLastHandledReconcileAt implements Asked.
func (r *RegionalCluster) SetLastHandledReconcileAt(value string) {
	r.Status.LastHandledReconcileAt = value
}

// SetLastHandledReconcileAt implements Asked.
func (f *WatchlistFeed) SetLastHandledReconcileAt(value string) {
	f.Status.LastHandledReconcileAt = value
}

// SetLastHandledReconcileAt implements Asked.
func (p *MatcherPool) SetLastHandledReconcileAt(value string) {
	p.Status.LastHandledReconcileAt = value
}

// SetLastHandledReconcileAt implements Asked.
func (p *BorderPost) SetLastHandledReconcileAt(value string) { p.Status.LastHandledReconcileAt = value }

// SetLastHandledReconcileAt implements Asked.
func (t *RegionTerms) SetLastHandledReconcileAt(value string) {
	t.Status.LastHandledReconcileAt = value
}

// SetLastHandledReconcileAt implements Asked.
func (a *Approval) SetLastHandledReconcileAt(value string) { a.Status.LastHandledReconcileAt = value }

// SetLastHandledReconcileAt implements Asked.
func (r *RecordRequest) SetLastHandledReconcileAt(value string) {
	r.Status.LastHandledReconcileAt = value
}

// Suspended reports whether somebody asked by the annotation AnnotationSuspend
// that nothing be changed because of the object.
func Suspended(o metav1.Object) bool { return o.GetAnnotations()[AnnotationSuspend] == "true" }
