// SPDX-License-Identifier: Apache-2.0

package adversary_test

import (
	"testing"

	"github.com/frontline-screening/frontline/internal/block"
	"github.com/frontline-screening/frontline/internal/canonical"
	"github.com/frontline-screening/frontline/internal/dataset"
	"github.com/frontline-screening/frontline/internal/loader"
	"github.com/frontline-screening/frontline/internal/seal"
)

// TestAgentThatBlocksOthers: the agent was taken over, and blocks somebody else
// than the order does, under the version that the order names. The person whom
// nobody blocked is found as before.
func TestAgentThatBlocksOthers(t *testing.T) {
	s := newStage(t)
	f := s.feeds[2]
	s.hub.Blocks(t, &f, 1, "t-30")
	s.liar.set(func(target *dataset.Target) {
		keys := target.Keys[feed]
		plain, err := seal.OpenBytes(target.Overlays[feed], block.MaxBytes, keys...)
		if err != nil {
			return // a target without blocks
		}
		overlay, err := block.Decode(plain)
		if err == nil {
			overlay.Records = []string{s.hub.RecordHash(feed, "t-1")}
			plain, err = block.Encode(overlay)
		}
		var recipient string
		if err == nil {
			recipient, err = seal.Recipient(keys[0])
		}
		if err == nil {
			target.Overlays[feed], err = seal.SealBytes(plain, recipient)
		}
		if err != nil {
			t.Error(err)
		}
		target.Set.Feeds[0].Blocks = canonical.Digest(plain)
	})
	s.publish(f)
	s.acknowledges("the loader says why it does not believe its agent", "("+string(loader.BlocksChanged)+")")
	s.servesOn(t)
	s.liar.set(nil)
	s.hub.Push(t, s.renew(f))
	s.must(s.follower.Pull(t.Context()))
	s.eventually("the blocks that the order names are in effect", func() bool { return s.ack().Blocks[feed] != "" })
	if got := s.searched(); got != 2 {
		t.Errorf("the person whom nobody blocked is found in release %d, want 2: %+v", got, s.ask())
	}
}
