package vm

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/schollz/progressbar/v3"

	"github.com/skipsw/skipsw/internal/debsrc"
)

// umlConfig is the part of the kernel's configuration that differs from
// "nothing at all". Every line must stand in the resulting configuration.
//
//go:embed uml.config
var umlConfig string

// umlPatch repairs the source; it says itself what and why.
//
//go:embed uml.patch
var umlPatch string

// sumFile, beside a kernel, holds the checksum of the untouched parts of its
// source.
const sumFile = "untouched.sha256"

// sourcePackage is the Debian package with the kernel's source.
const sourcePackage = "linux-source-6.1"

// sourceMember is the source in that package.
const sourceMember = "usr/src/" + sourcePackage + ".tar.xz"

// buildLines is about how many lines a build prints; it only scales the
// progress bar.
const buildLines = 1250

// tools are the programs a build runs, with the Debian package of each.
var tools = [][2]string{
	{"gcc", "gcc libc6-dev"},
	{"make", "make"},
	{"patch", "patch"},
	{"flex", "flex"},
	{"bison", "bison"},
	{"bc", "bc"},
	{"xz", "xz-utils"},
	{"tar", "tar"},
	{"dpkg-deb", "dpkg"},
	{"apt-get", "apt"},
}

// configKey identifies the configuration in the cache.
func configKey() string {
	h := sha256.Sum256([]byte(umlConfig + umlPatch))
	return hex.EncodeToString(h[:4])
}

// build downloads, configures and compiles the kernel and returns its path in
// the cache.
func build(ctx context.Context, cache string) (string, error) {
	if err := debsrc.NeedTools(ctx, tools); err != nil {
		return "", err
	}
	work, err := debsrc.WorkDir(cache, workName)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	b := &builder{ctx: ctx, work: work, src: filepath.Join(work, "src")}
	fmt.Fprintf(os.Stderr, "building the test kernel once, into %s\n", cache)
	version, err := b.fetch()
	if err != nil {
		return "", err
	}
	sum, err := b.repair()
	if err != nil {
		return "", err
	}
	if err := b.configure(); err != nil {
		return "", err
	}
	if err := b.compile(); err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "uml-"+configKey()+"-"+version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, sumFile), []byte(sum+"\n"), 0o644); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "linux")
	return path, os.Rename(filepath.Join(b.src, "linux"), path)
}

// workName names the folders in which kernels and modules are built.
const workName = "kernel"

type builder struct {
	ctx       context.Context
	work, src string
}

// run runs one build command in a folder.
func (b *builder) run(dir, name string, args ...string) error {
	return debsrc.Run(b.ctx, dir, nil, name, args...)
}

// fetch downloads and unpacks the source package and returns its version.
func (b *builder) fetch() (string, error) {
	deb, version, err := debsrc.Download(b.ctx, b.work, sourcePackage)
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(b.src, 0o755); err != nil {
		return "", err
	}
	if err := debsrc.Unpack(b.ctx, deb, sourceMember, b.src, "--strip-components=1"); err != nil {
		return "", err
	}
	return version, nil
}

// untouched are the parts of the kernel's source that guests exist to run as
// they are: the drivers of offload devices and the kernel's BPF.
var untouched = []string{"drivers/net/ethernet/netronome", "drivers/net/netdevsim", "kernel/bpf"}

// repair applies umlPatch and makes sure that it changed nothing of what is to
// stay as it is. It returns a checksum of those files, see treeSum.
func (b *builder) repair() (string, error) {
	before, err := treeSum(b.src, untouched)
	if err != nil {
		return "", err
	}
	file := filepath.Join(b.work, "patch")
	if err := os.WriteFile(file, []byte(umlPatch), 0o644); err != nil {
		return "", err
	}
	if err := b.run(b.src, "patch", "-p1", "-F0", "-i", file); err != nil {
		return "", fmt.Errorf("the kernel's source is of another version than this package knows: %w", err)
	}
	after, err := treeSum(b.src, untouched)
	if err != nil {
		return "", err
	}
	if before != after {
		return "", fmt.Errorf("the patch of the kernel's source changes %s", strings.Join(untouched, " or "))
	}
	return after, nil
}

// configure writes the kernel's configuration and checks that it took every
// line of ours.
func (b *builder) configure() error {
	frag := filepath.Join(b.work, "frag")
	if err := os.WriteFile(frag, []byte(umlConfig), 0o644); err != nil {
		return err
	}
	if err := b.run(b.src, "make", "ARCH=um", "allnoconfig", "KCONFIG_ALLCONFIG="+frag); err != nil {
		return err
	}
	got, err := os.ReadFile(filepath.Join(b.src, ".config"))
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for line := range strings.Lines(string(got)) {
		have[strings.TrimSpace(line)] = true
	}
	for line := range strings.Lines(umlConfig) {
		if line = strings.TrimSpace(line); line != "" && !have[line] {
			return fmt.Errorf("the kernel's configuration refused %s", line)
		}
	}
	return nil
}

// progressOut is where a progress bar goes: nowhere, if nobody watches.
func progressOut() io.Writer {
	if st, err := os.Stderr.Stat(); err != nil || st.Mode()&os.ModeCharDevice == 0 {
		return io.Discard
	}
	return os.Stderr
}

func (b *builder) compile() error {
	bar := progressbar.NewOptions(buildLines, progressbar.OptionSetWriter(progressOut()), progressbar.OptionSetDescription("test kernel"), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	defer func() { _ = bar.Finish() }()
	n := 0
	count := func(string) {
		if n++; n < buildLines {
			_ = bar.Set(n)
		}
	}
	return debsrc.Run(b.ctx, b.src, count, "make", "ARCH=um", fmt.Sprintf("-j%d", runtime.NumCPU()))
}
