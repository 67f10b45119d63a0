// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSwapAndMounts(t *testing.T) {
	file := func(content string) string {
		path := filepath.Join(t.TempDir(), "proc")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const header = "Filename\tType\tSize\tUsed\tPriority\n"
	if swapIsOn(file(header)) || !swapIsOn(file(header+"/dev/sda2 partition 1 0 -2\n")) || swapIsOn("/absent") {
		t.Error("swap is not told from the table of areas")
	}
	const mounts = "tmpfs /data tmpfs rw,relatime,size=1k 0 0\ntmpfs /other tmpfs rw,noswap 0 0\n"
	if mountedWithoutSwap(file(mounts), "/data") || !mountedWithoutSwap(file(mounts), "/other") {
		t.Error("the option of another mount was taken, or its own was not seen")
	}
	if !mountedWithoutSwap(file(mounts+"tmpfs /data tmpfs rw,noswap 0 0\n"), "/data") {
		t.Error("the mount on top does not count")
	}
}
