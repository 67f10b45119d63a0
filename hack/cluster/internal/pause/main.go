// SPDX-License-Identifier: Apache-2.0

// Command pause holds the namespaces of a pod in the test clusters: it waits
// for a signal and lets the kernel reap what it inherits.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() {
	signal.Ignore(syscall.SIGCHLD)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
}
