// Package traffic makes the frames that come in at a port: from a Spec (sizes,
// flows, protocol, seed), or from a list of frames, as a capture file has them.
// A Pace says when each may begin. The same Spec makes the same bytes at the
// same times.
//
// Sizes are those of the wire, as RFC 2544 has them: the frame with its check
// sequence of 4 bytes, which a program does not see.
//
// It never knows cards, cycles or what becomes of a frame.
//
// Not stable.
package traffic
