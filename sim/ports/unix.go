package ports

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
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

// remove removes a socket that is still the one that was made.
func remove(path string, id fs.FileInfo) error {
	now, err := os.Lstat(path)
	if err != nil || !os.SameFile(now, id) {
		return nil
	}
	return os.Remove(path)
}
