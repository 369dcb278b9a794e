// Package trace turns what a core's hooks report into profiles by word and C
// line, pprof files and Perfetto traces.
//
// It never knows how a core works: it sees the named points of package core.
//
// Profile, Perfetto and LineCost are stable, and package sim names them.
package trace
