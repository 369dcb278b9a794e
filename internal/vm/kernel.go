package vm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	"github.com/skipsw/skipsw/internal/cache"
)

// CacheEnv names the environment variable with the folder that built kernels
// are kept in. Without it, it is "skipsw" in the user's cache folder.
const CacheEnv = "SKIPSW_CACHE"

// Kernel is a kernel that guests run on.
type Kernel struct {
	Path string // the user-mode kernel's program, or the kernel that QEMU boots
	Init string // the first process of its guests
	Base string // for QEMU: archive of the kernel's modules; "" is user mode
}

// KernelEnv names the environment variable that chooses the guests' kernel:
// "uml" (the default) or "qemu".
const KernelEnv = "SKIPSW_GUEST_KERNEL"

// Find returns the kernel from the cache, building it first when it is not
// there: some minutes on two cores, with the progress on standard error. The
// build needs Debian's kernel source package and its usual build tools; what
// is missing is installed when the caller may do that, and is named in the
// error otherwise.
func Find(ctx context.Context) (*Kernel, error) { return findKernel(ctx, os.Getenv(KernelEnv), "") }

// FindUserMode is Find for guests that must be on user-mode Linux, whatever
// KernelEnv says: those with a card. init is their first process, a program that
// calls guestinit.MainInGuest and needs no shared libraries; "" has one built,
// which takes Go and this module's source.
func FindUserMode(ctx context.Context, init string) (*Kernel, error) {
	return findKernel(ctx, "uml", init)
}

func findKernel(ctx context.Context, kind, init string) (*Kernel, error) {
	folder, err := cache.Dir(CacheEnv)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	unlock, err := cache.Lock(filepath.Join(folder, "lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	k := &Kernel{Init: filepath.Join(folder, "guestinit")}
	switch kind {
	case "", "uml":
		k.Path, err = cached(folder)
		if errors.Is(err, os.ErrNotExist) {
			k.Path, err = build(ctx, folder)
		}
	case "qemu":
		k.Path, k.Base, err = findQEMU(ctx, folder)
	default:
		err = fmt.Errorf("%s is %q, must be uml or qemu", KernelEnv, kind)
	}
	if err != nil {
		return nil, fmt.Errorf("test kernel: %w", err)
	}
	if init != "" {
		k.Init = init
		return k, nil
	}
	return k, buildInit(ctx, k.Init)
}

// cached returns the newest kernel in the cache that was built from this
// package's configuration, or os.ErrNotExist.
func cached(cache string) (string, error) {
	all, err := filepath.Glob(filepath.Join(cache, "uml-"+configKey()+"-*", "linux"))
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", os.ErrNotExist
	}
	sort.Strings(all)
	return all[len(all)-1], nil
}

// buildInit compiles the guest's first process. The Go tool's own cache makes
// it quick when nothing has changed.
func buildInit(ctx context.Context, out string) error {
	tmp := out + ".new"
	cmd := exec.CommandContext(ctx, "go", "build", "-o", tmp, "github.com/skipsw/skipsw/internal/vm/guestinit/init")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false", "GOCOVERDIR=")
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the guest's init: %w: %s", err, strings.TrimSpace(string(b)))
	}
	return os.Rename(tmp, out)
}
