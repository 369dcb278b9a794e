package vm

import (
	"fmt"
	"os"
	"path/filepath"
)

// handOver gives a guest's box to a user, with a copy of the kernel in it: the
// cache may lie where that user cannot look.
func (k *Kernel) handOver(box string, u User) (*Kernel, error) {
	b, err := os.ReadFile(k.Path)
	if err != nil {
		return nil, err
	}
	own := *k
	own.Path = filepath.Join(box, "kernel")
	if err := os.WriteFile(own.Path, b, 0o700); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(box, "*"))
	if err != nil {
		return nil, err
	}
	for _, f := range append(files, box) {
		if err := os.Lchown(f, int(u.UID), int(u.GID)); err != nil {
			return nil, fmt.Errorf("hand the guest to user %d: %w", u.UID, err)
		}
	}
	return &own, nil
}
