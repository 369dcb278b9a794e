package testbed

import (
	"context"
	"debug/elf"
	"os"
	"path/filepath"
	"strconv"

	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// Guest is a command in a guest with a card.
type Guest struct {
	vm.Guest
	Ports []Plug
	// Faults are what goes wrong with the card; nil is nothing.
	Faults *FaultPlan
	Log    func(format string, args ...any) // what the card does; nil is silent
	Init   string                           // the guest's first process, see vm.FindUserMode
}

// nobody is the user without rights.
const nobody = 65534

// RunGuest boots the test kernel with a card and runs the command there. The
// guest sees the host's programs and what it is given. Run by root, its kernel
// has the rights of the user who called sudo, or of nobody. Errors are those of
// vm.Kernel.Run.
func RunGuest(ctx context.Context, g *Guest) (err error) {
	plugs, err := NewPlugs(g.Ports)
	if err != nil {
		return err
	}
	k, err := vm.FindUserMode(ctx, g.Init)
	if err != nil {
		return err
	}
	spec := Spec{Options: nfp.Options{Ports: len(g.Ports), Log: g.Log, Changed: plugs.Changed}}
	if g.Faults != nil {
		spec.Change = g.Faults.Change
	}
	b, err := New(spec)
	if err != nil {
		return err
	}
	plugs.Attach(b.Card)
	stop := func() {}
	if g.Faults != nil {
		stop = g.Faults.Start(b.Card)
	}
	g.Small = true
	if os.Geteuid() == 0 {
		g.User = caller()
	}
	err = b.Run(ctx, k, &g.Guest)
	stop()
	if cerr := plugs.Close(); err == nil {
		err = cerr
	}
	if cerr := b.Close(); err == nil {
		err = cerr
	}
	return err
}

// OwnInit returns this program, if it has what it needs to be a guest's first
// process, or "". It must call guestinit.MainInGuest.
func OwnInit() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := elf.Open(exe)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return "", nil
		}
	}
	return exe, nil
}

// caller is who called sudo, or nobody.
func caller() *vm.User {
	uid, err := strconv.ParseUint(os.Getenv("SUDO_UID"), 10, 32)
	gid, gerr := strconv.ParseUint(os.Getenv("SUDO_GID"), 10, 32)
	if err != nil || gerr != nil || uid == 0 {
		return &vm.User{UID: nobody, GID: nobody}
	}
	return &vm.User{UID: uint32(uid), GID: uint32(gid)}
}

// Folders returns the absolute paths of folders that are to be shared.
func Folders(dirs []string) (out []string, err error) {
	for _, d := range dirs {
		abs, err := filepath.Abs(d)
		if err != nil {
			return nil, err
		}
		st, err := os.Stat(abs)
		if err != nil {
			return nil, err
		}
		if !st.IsDir() {
			return nil, &os.PathError{Op: "share", Path: abs, Err: os.ErrInvalid}
		}
		out = append(out, abs)
	}
	return out, nil
}
