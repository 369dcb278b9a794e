// Package cache finds the folder that holds what is built once for the tests,
// and keeps processes that build there out of each other's way.
//
// It never knows what is built.
package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Dir returns the folder that the environment variable env names, else
// "skipsw" in the user's cache folder. It need not exist.
func Dir(env string) (string, error) {
	if dir := os.Getenv(env); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder (%w): set %s to one", err, env)
	}
	return filepath.Join(dir, "skipsw"), nil
}

// Lock takes an exclusive lock that other processes see, so that test binaries
// that start together build once. The function returned gives it back.
func Lock(path string) (func(), error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}
