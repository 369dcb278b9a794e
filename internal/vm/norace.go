//go:build !race

package vm

// raceEnabled says that this program has the race detector.
const raceEnabled = false
