//go:build race

package vmtest

// raceEnabled says that this program has the race detector, which does not run
// in a user-mode kernel: it wants addresses that only the host has.
const raceEnabled = true
