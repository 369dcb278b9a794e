// Package oracletest finds a kernel for tests that ask one.
//
// It never judges anything. Kernel is the entry point.
package oracletest

import (
	"testing"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/internal/vm/vmtest"
)

// Kernel reports whether the calling test shall go on: it has a kernel to ask.
// That is the running one, where the process may load programs; otherwise the
// whole test runs in a guest with a kernel of its own, and its copy on the host
// has nothing left to do:
//
//	if !oracletest.Kernel(t) {
//		return
//	}
func Kernel(t *testing.T) bool {
	t.Helper()
	why := oracle.KernelAvailable()
	if why == nil {
		return true
	}
	if vm.InGuest() {
		t.Fatalf("the guest's kernel cannot be asked: %v", why)
	}
	return vmtest.Inside(t)
}
