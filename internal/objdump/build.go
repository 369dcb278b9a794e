package objdump

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/skipsw/skipsw/internal/debsrc"
)

// sourcePackage is the Debian package with the source as a tar file.
const sourcePackage = "binutils-source"

// sourceGlob is where that package puts it.
const sourceGlob = "usr/src/binutils/binutils-*.tar.xz"

// tools are the programs a build runs, with the Debian package of each.
var tools = [][2]string{
	{"gcc", "gcc"},
	{"make", "make"},
	{"tar", "tar"},
	{"xz", "xz-utils"},
	{"dpkg-deb", "dpkg"},
	{"apt-get", "apt"},
}

// configureArgs leave out everything that reading nfp files does not need, so
// that a C compiler and make are enough.
var configureArgs = []string{
	"--target=nfp-unknown-elf",
	"--disable-gas", "--disable-ld", "--disable-gold", "--disable-gprof", "--disable-gprofng",
	"--disable-gdb", "--disable-gdbserver", "--disable-sim", "--disable-nls", "--disable-werror",
	"--disable-plugins", "--without-zstd", "CFLAGS=-O1", "MAKEINFO=true",
}

// makeSteps build the libraries and the two programs; the target all-binutils
// would want flex and bison.
var makeSteps = [][]string{
	{"configure-host", "all-libiberty", "all-zlib", "all-bfd", "all-opcodes", "all-libsframe", "all-libctf"},
	{"-C", "binutils", "objdump", "readelf"},
}

// build compiles the tool and returns its folder in the cache.
func build(ctx context.Context, cache string) (string, error) {
	if err := debsrc.NeedTools(ctx, tools); err != nil {
		return "", err
	}
	work, err := debsrc.WorkDir(cache, "objdump")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	fmt.Fprintf(os.Stderr, "building objdump for nfp once, into %s\n", cache)
	tarball, err := fetch(ctx, work)
	if err != nil {
		return "", err
	}
	if err := debsrc.Run(ctx, work, nil, "tar", "-xf", tarball); err != nil {
		return "", err
	}
	version := strings.TrimSuffix(filepath.Base(tarball), ".tar.xz")
	obj := filepath.Join(work, "obj")
	if err := os.Mkdir(obj, 0o755); err != nil {
		return "", err
	}
	configure := filepath.Join(work, version, "configure")
	if err := debsrc.Run(ctx, obj, nil, configure, configureArgs...); err != nil {
		return "", err
	}
	jobs := fmt.Sprintf("-j%d", runtime.NumCPU())
	for _, step := range makeSteps {
		if err := debsrc.Run(ctx, obj, nil, "make", append([]string{jobs, "MAKEINFO=true"}, step...)...); err != nil {
			return "", err
		}
	}
	return keep(filepath.Join(obj, "binutils"), work, filepath.Join(cache, "objdump-nfp-"+strings.TrimPrefix(version, "binutils-")))
}

// keep moves the built programs into the cache in one step.
func keep(from, work, to string) (string, error) {
	out := filepath.Join(work, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return "", err
	}
	for _, p := range []string{"objdump", "readelf"} {
		if err := os.Rename(filepath.Join(from, p), filepath.Join(out, p)); err != nil {
			return "", err
		}
	}
	return to, os.Rename(out, to)
}

// fetch returns the path of the source's tar file: the installed package's,
// else one downloaded as the package manager would do it, which needs no root.
func fetch(ctx context.Context, work string) (string, error) {
	if path, ok := newest("/" + sourceGlob); ok {
		return path, nil
	}
	deb, _, err := debsrc.Download(ctx, work, sourcePackage)
	if err != nil {
		return "", fmt.Errorf("its source is missing: run `apt-get update && apt-get install --no-install-recommends %s` as root (%w)", sourcePackage, err)
	}
	if err := debsrc.Run(ctx, work, nil, "dpkg-deb", "-x", deb, work); err != nil {
		return "", err
	}
	path, ok := newest(filepath.Join(work, sourceGlob))
	if !ok {
		return "", fmt.Errorf("package %s holds no %s", sourcePackage, sourceGlob)
	}
	return path, nil
}

func newest(glob string) (string, bool) {
	all, err := filepath.Glob(glob)
	if err != nil || len(all) == 0 {
		return "", false
	}
	return all[len(all)-1], true
}
