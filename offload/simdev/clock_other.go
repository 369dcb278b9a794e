//go:build !unix

package simdev

import "time"

var began = time.Now()

// monotonic returns nanoseconds since the process began.
func monotonic() (uint64, error) { return uint64(time.Since(began)), nil }
