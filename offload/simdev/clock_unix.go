//go:build unix

package simdev

import "golang.org/x/sys/unix"

// monotonic returns the host's monotonic time in nanoseconds.
func monotonic() (uint64, error) {
	var ts unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return uint64(ts.Nano()), err
}
