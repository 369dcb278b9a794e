package card

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/remote"
)

// FolderVariable names the environment variable with another folder of cards.
const FolderVariable = "SKIPSW_RUNTIME_DIR"

// systemFolder is that of root's cards.
const systemFolder = "/run/skipsw"

// Folder is where the cards of a user are found. It has a folder of mode 0700 for
// each, with a lock that the running card holds and its control socket.
type Folder string

// OwnFolder is where this user's cards are: $SKIPSW_RUNTIME_DIR, for root
// /run/skipsw, else skipsw in $XDG_RUNTIME_DIR, else skipsw-UID beside other
// temporary files.
func OwnFolder() Folder {
	if dir := os.Getenv(FolderVariable); dir != "" {
		return Folder(dir)
	}
	if os.Geteuid() == 0 {
		return systemFolder
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return Folder(filepath.Join(dir, "skipsw"))
	}
	return Folder(filepath.Join(os.TempDir(), "skipsw-"+strconv.Itoa(os.Geteuid())))
}

// folders are where cards are looked for: root's may be run with the rights of
// who looks.
func folders() []Folder {
	own := OwnFolder()
	if own == systemFolder || os.Getenv(FolderVariable) != "" {
		return []Folder{own}
	}
	return []Folder{own, systemFolder}
}

// names are what cards can be called: a part of paths and of "sim:NAME".
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$`)

// safe refuses a folder that others can change.
func safe(path string, private bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	owner := -1
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		owner = int(st.Uid)
	}
	forbidden := fs.FileMode(0o022)
	if private {
		forbidden = 0o077
	}
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", path)
	case owner != os.Geteuid() && owner != 0 && os.Geteuid() != 0:
		return fmt.Errorf("%s is user %d's and not this one's", path, owner)
	case info.Mode()&forbidden != 0:
		return fmt.Errorf("%s has mode %#o; others must not change it: chmod %#o", path, info.Mode().Perm(), info.Mode().Perm()&^forbidden)
	}
	return nil
}

// Place is the place of a running card in a folder.
type Place struct {
	dir  string
	lock *os.File
}

// control is the path of a card's socket.
func control(dir string) string { return filepath.Join(dir, "control") }

// Claim makes the place of a card; a name that a running card has is an error.
// It will be the user's uid and gid, -1 for this one's.
func (f Folder) Claim(name string, uid, gid int) (*Place, error) {
	if !names.MatchString(name) {
		return nil, fmt.Errorf("%q cannot be the name of a card: up to 32 letters, digits, dots, dashes and underscores", name)
	}
	mode := fs.FileMode(0o700)
	if f == systemFolder {
		mode = 0o755 // cards have folders of their own, whose owners must get there
	}
	if err := os.MkdirAll(string(f), mode); err != nil {
		return nil, err
	}
	if err := safe(string(f), mode == 0o700); err != nil {
		return nil, err
	}
	dir := filepath.Join(string(f), name)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := safe(dir, true); err != nil {
		return nil, err
	}
	lock, err := claimLock(filepath.Join(dir, "lock"))
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("a card %s is running; stop it, or take another name", name)
	}
	if err != nil {
		return nil, err
	}
	p := &Place{dir: dir, lock: lock}
	if uid >= 0 {
		if err := errors.Join(os.Chown(dir, uid, gid), lock.Chown(uid, gid)); err != nil {
			return nil, errors.Join(err, p.Release())
		}
	}
	return p, nil
}

// A card that is ending gives its place back within claimWait.
const (
	claimWait = 2 * time.Second
	claimLook = 20 * time.Millisecond
)

// claimLock takes the lock of a place. One that is being removed is none.
func claimLock(path string) (*os.File, error) {
	for end := time.Now().Add(claimWait); ; time.Sleep(claimLook) {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		if err == nil {
			if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil && still(f) {
				return f, nil
			}
			_ = f.Close()
		}
		if err != nil && time.Now().After(end) {
			return nil, err
		}
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
}

// still reports whether an open file is the one at its path.
func still(f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(mine, there)
}

// Listen makes the control socket; one that a dead card has left goes.
func (p *Place) Listen(uid, gid int) (*net.UnixListener, error) {
	path := control(p.dir)
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	err = os.Chmod(path, 0o600)
	if uid >= 0 && err == nil {
		err = os.Chown(path, uid, gid)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// Path is the place's folder.
func (p *Place) Path() string { return p.dir }

// Release gives the place back. What this process has no right to remove stays,
// and is taken over by the next card of the name.
func (p *Place) Release() error {
	_ = os.Remove(control(p.dir))
	_ = os.Remove(p.lock.Name())
	_ = os.Remove(p.dir)
	return p.lock.Close()
}

// Running lists the names of the cards that run, those of this user first, and
// those that this user may control.
func Running(ctx context.Context) []string {
	var all []string
	seen := map[string]bool{}
	for _, f := range folders() {
		dirs, err := os.ReadDir(string(f))
		if err != nil || safe(string(f), false) != nil {
			continue
		}
		for _, d := range dirs {
			conn, err := dial(ctx, filepath.Join(string(f), d.Name()))
			if err != nil || seen[d.Name()] {
				continue
			}
			_ = conn.Close()
			seen[d.Name()] = true
			all = append(all, d.Name())
		}
	}
	return all
}

// dial connects to the card of a folder.
func dial(ctx context.Context, dir string) (net.Conn, error) {
	if err := safe(dir, true); err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", control(dir))
}

// ErrNotRunning is a card that does not run.
var ErrNotRunning = errors.New("no such card is running")

// Open connects to a running card by its name.
func Open(ctx context.Context, name string) (*remote.Client, error) {
	if !names.MatchString(name) {
		return nil, fmt.Errorf("card %q: %w", name, ErrNotRunning)
	}
	for _, f := range folders() {
		dir := filepath.Join(string(f), name)
		if safe(string(f), false) != nil {
			continue
		}
		conn, err := dial(ctx, dir)
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
			continue
		case errors.Is(err, fs.ErrPermission):
			return nil, &offload.Error{Op: "open card " + name, Kind: offload.ErrPermission, Err: err, Reason: "it is another user's"}
		case err != nil:
			return nil, fmt.Errorf("open card %s: %w", name, err)
		}
		first := conn
		return remote.Open(ctx, func(ctx context.Context) (net.Conn, error) {
			if c := first; c != nil {
				first = nil
				return c, nil
			}
			return dial(ctx, dir)
		})
	}
	return nil, fmt.Errorf("card %s: %w", name, ErrNotRunning)
}
