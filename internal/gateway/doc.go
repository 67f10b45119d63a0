// SPDX-License-Identifier: Apache-2.0

// Package gateway is the one door of the hub that regions knock at. It serves,
// over TLS 1.3:
//
//	GET  /v2/…             the hub's registry, read only, below regions/<own name>/
//	GET  /v1/orders?after=N  held until the region's order is newer than N:
//	                       200 {"sequence":M}, or 204 after the hold
//	POST /v1/reports       a signed report: 202
//	POST /v1/join          a signed request with a one-time token: 200, an acceptance
//	GET  /livez            for load balancers
//
// A region is known by the key of its client certificate, pinned at joining.
// What a region reads here is a hint or content that it verifies by itself;
// what it writes is signed. The gateway therefore guards against load, and
// between regions, and is nobody's source of truth.
package gateway
