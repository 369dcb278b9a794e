// Package debsrc builds programs from Debian's source packages, for tools that
// the tests need and that no Debian package carries: it finds the build tools,
// downloads packages and runs the steps of a build.
//
// It never knows what is built.
package debsrc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// NeedTools makes sure that every build tool is there. It takes pairs: a program
// and the Debian packages it comes from. What is missing is installed when the
// process runs as root, and named in the error otherwise.
func NeedTools(ctx context.Context, tools [][2]string) error {
	var missing []string
	for _, t := range tools {
		if _, err := exec.LookPath(t[0]); err != nil {
			missing = append(missing, t[1])
		}
	}
	if len(missing) == 0 {
		return nil
	}
	install := "apt-get install -y --no-install-recommends " + strings.Join(missing, " ")
	if os.Geteuid() != 0 {
		return fmt.Errorf("building it needs %s: run `%s` as root", strings.Join(missing, ", "), install)
	}
	return Run(ctx, "", nil, "sh", "-c", "apt-get update -q && "+install)
}

// WorkDir makes a folder in the cache to build the named thing in, and removes
// those of builds of it that were killed. The caller holds the lock of such
// builds, so that no other one runs, and removes the folder in the end.
func WorkDir(cache, name string) (string, error) {
	prefix := "build-" + name + "-"
	old, err := filepath.Glob(filepath.Join(cache, prefix+"*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(cache, prefix)
}

// Download gets a Debian package into a folder, as the package manager would do
// it, which needs no root. It returns the package's file and version.
func Download(ctx context.Context, dir, pkg string) (file, version string, err error) {
	err = Run(ctx, dir, nil, "apt-get", "download", "-q", pkg)
	if err != nil && os.Geteuid() == 0 {
		if uerr := Run(ctx, dir, nil, "apt-get", "update", "-q"); uerr == nil {
			err = Run(ctx, dir, nil, "apt-get", "download", "-q", pkg)
		}
	}
	if err != nil {
		return "", "", fmt.Errorf("get Debian package %s (is this Debian 12 with a reachable package archive?): %w", pkg, err)
	}
	debs, err := filepath.Glob(filepath.Join(dir, pkg+"_*.deb"))
	if err != nil || len(debs) != 1 {
		return "", "", errors.Join(fmt.Errorf("apt-get download left %d packages %s", len(debs), pkg), err)
	}
	_, rest, _ := strings.Cut(filepath.Base(debs[0]), "_")
	version, _, _ = strings.Cut(rest, "_")
	return debs[0], version, nil
}

// Unpack unpacks a tar.xz file that a source package holds, without keeping it.
// The member is its path in the package; args go to tar.
func Unpack(ctx context.Context, deb, member, to string, args ...string) error {
	const script = `deb=$1 member=$2; shift 2; dpkg-deb --fsys-tarfile "$deb" | tar -xOf - "./$member" | tar -xJf - "$@"`
	return Run(ctx, to, nil, "sh", append([]string{"-c", script, "sh", deb, member}, args...)...)
}

// lastLines is how many lines of a failed command's output stand in its error.
const lastLines = 20

// Run runs one build command in a folder, low in priority. It hands the output
// line by line to each, which may be nil. The error of a command that fails
// holds its last lines.
func Run(ctx context.Context, dir string, each func(line string), name string, args ...string) error {
	cmd := exec.CommandContext(ctx, "nice", append([]string{"-n", "10", name}, args...)...)
	cmd.Dir = dir
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	var last []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		sc := bufio.NewScanner(r)
		sc.Buffer(nil, 1<<20)
		for sc.Scan() {
			if each != nil {
				each(sc.Text())
			}
			if last = append(last, sc.Text()); len(last) > lastLines {
				last = last[1:]
			}
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	err := cmd.Run()
	w.Close()
	<-done
	if err != nil {
		return fmt.Errorf("`%s %s`: %w:\n%s", name, strings.Join(args, " "), err, strings.Join(last, "\n"))
	}
	return nil
}
