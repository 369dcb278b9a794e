// Package firmware models what stands around a program on the card: how a
// packet enters a context, the routines that the program branches to, and the
// meaning of what it leaves at its exit.
//
// A Model does that for one image. Builtin has the models of this package,
// agilio and skipsw; a vendor adds an own one to a Registry, most easily on top
// of Convention, which does entry and exit.
//
// It never knows instructions or encodings, nor where packets come from and go
// to.
//
// Not stable: package sim is the stable way in, and Model the one interface
// here that importers implement.
package firmware
