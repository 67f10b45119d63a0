// SPDX-License-Identifier: Apache-2.0

package process

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func TestParseStat(t *testing.T) {
	const line = "42 (a ) (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 20 21\n"
	state, ticks, err := parseStat(line)
	if err != nil || state != "S" || ticks != 987654 {
		t.Fatalf("state %q, start %d, %v", state, ticks, err)
	}
	for _, bad := range []string{"", "42 no parentheses S", "42 (x) S 1 2"} {
		if _, _, err := parseStat(bad); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}

func TestRefNamesOneProcessOnly(t *testing.T) {
	self, err := Identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !self.Alive() || self.Memory() == 0 {
		t.Error("this process does not count as alive")
	}
	for name, other := range map[string]Ref{
		"another process of that number": {PID: self.PID, StartTicks: self.StartTicks + 1, BootID: self.BootID},
		"a process of an earlier boot":   {PID: self.PID, StartTicks: self.StartTicks, BootID: "earlier"},
		"none":                           {},
	} {
		if other.Alive() {
			t.Errorf("%s counts as alive", name)
		}
		// Would end this test if it reached the process.
		if err := other.Signal(syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
}

func TestKill(t *testing.T) {
	cmd := exec.Command("cat")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ref, err := Identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := ref.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ref.Alive() {
		t.Error("alive after Kill, although only a zombie is left")
	}
	_ = cmd.Wait()
}

func TestListens(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	self := Ref{PID: os.Getpid()}
	if !self.Listens(port) {
		t.Errorf("port %d is not seen as listened on", port)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if self.Listens(port) {
		t.Errorf("port %d is seen as listened on after closing", port)
	}
}
