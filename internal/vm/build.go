package vm

import (
	"bufio"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/schollz/progressbar/v3"
)

// umlConfig is the part of the kernel's configuration that differs from
// "nothing at all". Every line must stand in the resulting configuration.
//
//go:embed uml.config
var umlConfig string

// sourcePackage is the Debian package with the kernel's source.
const sourcePackage = "linux-source-6.1"

// buildLines is about how many lines a build prints; it only scales the
// progress bar.
const buildLines = 1250

// tools are the programs a build runs, with the Debian package of each.
var tools = [][2]string{
	{"gcc", "gcc libc6-dev"},
	{"make", "make"},
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
	h := sha256.Sum256([]byte(umlConfig))
	return hex.EncodeToString(h[:4])
}

// build downloads, configures and compiles the kernel and returns its path in
// the cache.
func build(ctx context.Context, cache string) (string, error) {
	if err := needTools(ctx, tools); err != nil {
		return "", err
	}
	work, err := workFolder(cache)
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
	path := filepath.Join(dir, "linux")
	return path, os.Rename(filepath.Join(b.src, "linux"), path)
}

// workFolder makes a folder to build in. It removes those of builds that were
// killed; the caller holds the cache's lock, so no other build runs.
func workFolder(cache string) (string, error) {
	old, err := filepath.Glob(filepath.Join(cache, "build-*"))
	if err != nil {
		return "", err
	}
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			return "", err
		}
	}
	return os.MkdirTemp(cache, "build-")
}

// needTools makes sure that every build tool is there, installing packages
// when running as root.
func needTools(ctx context.Context, tools [][2]string) error {
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
	for _, line := range []string{"apt-get update -q", install} {
		if out, err := exec.CommandContext(ctx, "sh", "-c", line).CombinedOutput(); err != nil {
			return fmt.Errorf("`%s`: %w: %s", line, err, tail(string(out)))
		}
	}
	return nil
}

type builder struct {
	ctx       context.Context
	work, src string
}

// run runs one build command, low in priority, and hands its output line by
// line to each.
func (b *builder) run(dir string, each func(line string), name string, args ...string) error {
	cmd := exec.CommandContext(b.ctx, "nice", append([]string{"-n", "10", name}, args...)...)
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
			if last = append(last, sc.Text()); len(last) > 20 {
				last = last[1:]
			}
		}
		_, _ = io.Copy(io.Discard, r)
	}()
	err := cmd.Run()
	w.Close()
	<-done
	if err != nil {
		return fmt.Errorf("`%s %s`: %w: %s", name, strings.Join(args, " "), err, strings.Join(last, "\n"))
	}
	return nil
}

// download gets a Debian package and returns its file and version.
func (b *builder) download(name string) (file, version string, err error) {
	err = b.run(b.work, nil, "apt-get", "download", name)
	if err != nil && os.Geteuid() == 0 {
		if uerr := b.run(b.work, nil, "apt-get", "update", "-q"); uerr == nil {
			err = b.run(b.work, nil, "apt-get", "download", name)
		}
	}
	if err != nil {
		return "", "", fmt.Errorf("get Debian package %s (is this Debian 12 with a reachable package archive?): %w", name, err)
	}
	debs, err := filepath.Glob(filepath.Join(b.work, name+"_*.deb"))
	if err != nil || len(debs) != 1 {
		return "", "", errors.Join(fmt.Errorf("apt-get download left %d packages", len(debs)), err)
	}
	_, rest, _ := strings.Cut(filepath.Base(debs[0]), "_")
	version, _, _ = strings.Cut(rest, "_")
	return debs[0], version, nil
}

// fetch downloads and unpacks the source package and returns its version.
func (b *builder) fetch() (string, error) {
	deb, version, err := b.download(sourcePackage)
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(b.src, 0o755); err != nil {
		return "", err
	}
	script := `dpkg-deb --fsys-tarfile "$1" | tar -xOf - ./usr/src/` + sourcePackage + `.tar.xz | tar -xJf - -C "$2" --strip-components=1`
	if err := b.run(b.work, nil, "sh", "-c", script, "sh", deb, b.src); err != nil {
		return "", err
	}
	return version, nil
}

// configure writes the kernel's configuration and checks that it took every
// line of ours.
func (b *builder) configure() error {
	frag := filepath.Join(b.work, "frag")
	if err := os.WriteFile(frag, []byte(umlConfig), 0o644); err != nil {
		return err
	}
	if err := b.run(b.src, nil, "make", "ARCH=um", "allnoconfig", "KCONFIG_ALLCONFIG="+frag); err != nil {
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
	return b.run(b.src, count, "make", "ARCH=um", fmt.Sprintf("-j%d", runtime.NumCPU()))
}
