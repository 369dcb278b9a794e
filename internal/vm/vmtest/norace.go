//go:build !race

package vmtest

// raceEnabled says that this program has the race detector.
const raceEnabled = false
