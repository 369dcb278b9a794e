package ports

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// CheckPeer refuses a process at the other end of a socket that is neither this
// user's, nor root's, nor of the user uid (-1 for none).
func CheckPeer(conn *net.UnixConn, uid int) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var cred *unix.Ucred
	var got error
	err = raw.Control(func(fd uintptr) {
		cred, got = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err := errors.Join(err, got); err != nil {
		return fmt.Errorf("who is at the other end: %w", err)
	}
	if n := int(cred.Uid); n != 0 && n != os.Geteuid() && n != uid {
		return fmt.Errorf("process %d of user %d is refused: this is user %d's", cred.Pid, cred.Uid, os.Geteuid())
	}
	return nil
}
