package offload

import (
	"context"
	"time"

	"github.com/skipsw/skipsw/nfpisa/image"
)

// Profile is what an attached program did over a while, by the words of its image.
type Profile struct {
	Program uint32
	Image   *image.Image
	Packets uint64
	// Count is how often each word was executed, Cycles what passed from its issue
	// to that of the next, waits for memory included.
	Count, Cycles []uint64
}

// Profiler is a device that watches the words of what runs on it.
type Profiler interface {
	// Profile watches the attached program for a while, or until it is replaced or
	// ctx ends, whichever is first. A device watches for one caller at a time.
	Profile(ctx context.Context, d time.Duration) (*Profile, error)
}

// AsProfiler asks for CanProfile.
func AsProfiler(d Device) (Profiler, error) { return as[Profiler](d, CanProfile) }
