package ports

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// openUnix reads PATH, PATH,client or PATH,dgram=REMOTE.
func openUnix(arg string, o Options) (Port, error) {
	path, how, _ := strings.Cut(arg, ",")
	remote, dgram := strings.CutPrefix(how, "dgram=")
	switch {
	case path == "" || dgram && remote == "":
		return nil, fmt.Errorf("a socket needs a path: %s", unixForm)
	case how == "":
		return listenStream(path, o)
	case how == "client":
		return newClient(path, o), nil
	case dgram:
		return listenDgram(path, remote, o)
	}
	return nil, fmt.Errorf("%q is no form of it: %s", how, unixForm)
}

// own makes a socket its owner's alone, and gives it to who the process will be.
func own(path string, o Options) (id fs.FileInfo, err error) {
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, err
	}
	if o.UID >= 0 {
		if err := os.Chown(path, o.UID, o.GID); err != nil {
			return nil, err
		}
	}
	return os.Lstat(path)
}

// remove removes a socket that is still the one that was made, where this user
// may: a card that has given up the rights of root leaves it to the next.
func remove(path string, id fs.FileInfo) error {
	now, err := os.Lstat(path)
	if err != nil || !os.SameFile(now, id) {
		return nil
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return nil
}

// clearLeft removes a socket that an earlier card has left: one of the card's own
// user, at which nobody is. Anything else stays.
func clearLeft(network, path string, o Options) {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != fs.ModeSocket {
		return
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) != os.Geteuid() && int(owner.Uid) != o.UID {
		return
	}
	conn, err := net.Dial(network, path)
	switch {
	case err == nil:
		_ = conn.Close()
	case errors.Is(err, syscall.ECONNREFUSED):
		_ = os.Remove(path)
	}
}
