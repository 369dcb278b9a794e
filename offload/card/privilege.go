package card

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// nobody is the user without rights, by the number that all systems give it.
const nobody = 65534

// Identity is whose rights a card has once its ports are open.
type Identity struct {
	UID, GID int    // -1 for those that the process has
	Who      string // in words
}

// Unprivileged returns the identity of a card: that of the user, and for root that
// of who called sudo, or nobody.
func Unprivileged() Identity {
	if os.Geteuid() != 0 {
		return Identity{-1, -1, "this user"}
	}
	uid, err1 := strconv.Atoi(os.Getenv("SUDO_UID"))
	gid, err2 := strconv.Atoi(os.Getenv("SUDO_GID"))
	if err1 == nil && err2 == nil && uid > 0 && gid > 0 {
		return Identity{uid, gid, fmt.Sprintf("user %d, who called sudo", uid)}
	}
	return Identity{nobody, nobody, "nobody"}
}

// Become gives up the rights of root for good. Files and sockets that are open
// stay so.
func (i Identity) Become() error {
	if i.UID < 0 {
		return nil
	}
	err := syscall.Setgroups(nil)
	if err == nil {
		err = syscall.Setresgid(i.GID, i.GID, i.GID)
	}
	if err == nil {
		err = syscall.Setresuid(i.UID, i.UID, i.UID)
	}
	if err != nil {
		return fmt.Errorf("give up the rights of root and become %s: %w", i.Who, err)
	}
	if syscall.Setresuid(0, 0, 0) == nil {
		return errors.New("the rights of root could be taken back")
	}
	return nil
}
