//go:build !linux

package ports

import "net"

// CheckPeer leaves it to the permissions of the socket's file.
func CheckPeer(*net.UnixConn, int) error { return nil }
