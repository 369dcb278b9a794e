// Package testnet is a network for programs that look into the host's: shell that
// makes it in a namespace for the kernel, and the same as tables for cards and the
// interpreter.
//
// It never judges anything. Lines and Tables are the entry points.
package testnet

import (
	_ "embed"

	"github.com/skipsw/skipsw/sim/network"
)

// Lines make the network in a namespace of its own, with the commands of iproute2.
//
//go:embed lines.sh
var Lines string

//go:embed tables.json
var tables []byte

// Tables returns what ip prints of it, with what ip leaves out.
func Tables() *network.Tables {
	t, err := network.Read(tables)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return t
}
