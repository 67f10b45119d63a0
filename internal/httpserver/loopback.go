// SPDX-License-Identifier: Apache-2.0

package httpserver

import (
	"fmt"
	"net"
)

// CheckLoopback refuses an address that other machines, or other pods, could
// reach. What is bound there is open to those alone who may forward a port of
// the pod.
func CheckLoopback(bind string) error {
	host, _, err := net.SplitHostPort(bind)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("address %q is not of the form 127.0.0.1:PORT; nothing but the loopback address will do", bind)
	}
	return nil
}
