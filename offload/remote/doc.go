// Package remote serves a device to other processes over a Unix socket, and is
// the other end, too: a Device that speaks to such a server. What the device
// can do, the one at the other end can do, with the same errors and advice.
//
// A connection begins with a greeting of both ends, each with the version of the
// protocol; then the client asks and the server answers, one after the other
// (frame.go has the form). What a client has open (maps, programs, the lock of a
// transaction) is given back when its connection ends, so that a client that
// dies leaves nothing half done.
//
// It never knows what the device is, nor where its socket is. Entry points:
// Server and Open.
//
// Not stable: the protocol has a version, and both ends refuse another's.
package remote
