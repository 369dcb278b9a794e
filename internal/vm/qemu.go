package vm

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"github.com/skipsw/skipsw/internal/debsrc"
	"github.com/skipsw/skipsw/internal/vm/guest"
)

// metaPackage is the Debian package that depends on the current kernel.
const metaPackage = "linux-image-cloud-amd64"

// backFile is the file in a guest's box that takes what it sends back.
const backFile = "back.tar"

// qemuModules are the kernel's modules in the order of loading; netdevsim is
// built from the source package, because Debian leaves it out.
var qemuModules = []string{
	"net/psample/psample.ko", "net/sched/sch_ingress.ko", "net/sched/cls_bpf.ko", "net/sched/cls_matchall.ko",
	"net/sched/act_bpf.ko", "net/sched/act_gact.ko", "drivers/net/veth.ko", "drivers/net/dummy.ko", "drivers/net/tun.ko",
}

// qemuTools are the programs that a guest in QEMU gets copies of, where the
// host has them.
var qemuTools = []string{"sh", "cp", "chmod", "uname", "ip", "tc", "devlink", "setpriv"}

// qemuCommand is QEMU with the console on its standard output, the guest's
// second and third serial line on the descriptors 3 and 4, and the fourth in a
// file.
func qemuCommand(k *Kernel, mem int, box, initrd string) *exec.Cmd {
	return exec.Command("qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-cpu", "max", "-smp", "1", "-m", fmt.Sprint(max(mem, 512)),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-kernel", k.Path, "-initrd", initrd,
		"-append", "console=ttyS0 quiet loglevel=4 reboot=t panic=-1 panic_on_warn=1 nokaslr mitigations=off cryptomgr.notests=1 no_timer_check tsc=reliable",
		"-serial", "file:/dev/fd/1", "-serial", "file:/dev/fd/3", "-serial", "file:/dev/fd/4", "-serial", "file:"+filepath.Join(box, backFile))
}

// findQEMU returns Debian's kernel and the archive of its modules from the
// cache, making them first when they are not there.
func findQEMU(ctx context.Context, cache string) (kernel, base string, err error) {
	if err := debsrc.NeedTools(ctx, append([][2]string{{"qemu-system-x86_64", "qemu-system-x86"}}, tools...)); err != nil {
		return "", "", err
	}
	all, err := filepath.Glob(filepath.Join(cache, "qemu-*", "base.cpio"))
	if err != nil {
		return "", "", err
	}
	if len(all) > 0 {
		sort.Strings(all)
		base = all[len(all)-1]
		return filepath.Join(filepath.Dir(base), "vmlinuz"), base, nil
	}
	work, err := debsrc.WorkDir(cache, workName)
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(work)
	fmt.Fprintf(os.Stderr, "preparing Debian's kernel for QEMU once, in %s\n", cache)
	b := &builder{ctx: ctx, work: work, src: filepath.Join(work, "src")}
	return b.qemu(cache)
}

var imageName = regexp.MustCompile(`linux-image-([0-9][^ ]*)`)

// qemu unpacks the kernel and builds its missing module.
func (b *builder) qemu(cache string) (kernel, base string, err error) {
	out, err := exec.CommandContext(b.ctx, "apt-cache", "depends", metaPackage).Output()
	if err != nil {
		return "", "", fmt.Errorf("apt-cache depends %s: %w", metaPackage, err)
	}
	m := imageName.FindStringSubmatch(string(out))
	if m == nil {
		return "", "", fmt.Errorf("package %s names no kernel (run `apt-get update` as root)", metaPackage)
	}
	release := strings.TrimSpace(m[1])
	if err := b.needHeaders(release); err != nil {
		return "", "", err
	}
	image, version, err := debsrc.Download(b.ctx, b.work, "linux-image-"+release)
	if err != nil {
		return "", "", err
	}
	tree := filepath.Join(b.work, "tree")
	if err := b.run(b.work, "dpkg-deb", "-x", image, tree); err != nil {
		return "", "", err
	}
	netdevsim, err := b.netdevsim(release)
	if err != nil {
		return "", "", err
	}
	var mods []string
	for _, name := range qemuModules {
		mods = append(mods, filepath.Join(tree, "lib/modules", release, "kernel", name))
	}
	dir := filepath.Join(cache, "qemu-"+version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", "", err
	}
	kernel, base = filepath.Join(dir, "vmlinuz"), filepath.Join(dir, "base.cpio")
	vmlinuz, err := os.ReadFile(filepath.Join(tree, "boot", "vmlinuz-"+release))
	if err != nil {
		return "", "", err
	}
	if err := os.WriteFile(kernel, vmlinuz, 0o644); err != nil {
		return "", "", err
	}
	return kernel, base, writeModules(base, append(mods, netdevsim))
}

// needHeaders makes sure that modules can be built for a kernel.
func (b *builder) needHeaders(release string) error {
	if _, err := os.Stat(filepath.Join("/lib/modules", release, "build", "Makefile")); err == nil {
		return nil
	}
	pkg := "linux-headers-" + release
	if os.Geteuid() != 0 {
		return fmt.Errorf("building netdevsim needs %s: run `apt-get install -y %s` as root", pkg, pkg)
	}
	return b.run(b.work, "apt-get", "install", "-y", "--no-install-recommends", pkg)
}

// netdevsim builds the module and returns its path.
func (b *builder) netdevsim(release string) (string, error) {
	deb, _, err := debsrc.Download(b.ctx, b.work, sourcePackage)
	if err != nil {
		return "", err
	}
	if err := os.Mkdir(b.src, 0o755); err != nil {
		return "", err
	}
	if err := debsrc.Unpack(b.ctx, deb, sourceMember, b.src, "--strip-components=4", sourcePackage+"/drivers/net/netdevsim"); err != nil {
		return "", err
	}
	if err := b.run(b.work, "make", "-C", filepath.Join("/lib/modules", release, "build"), "M="+b.src, "CONFIG_NETDEVSIM=m", "modules"); err != nil {
		return "", err
	}
	path := filepath.Join(b.src, "netdevsim.ko")
	return path, b.run(b.work, "strip", "--strip-debug", path)
}

// writeModules writes an archive of modules, named in the order of loading.
func writeModules(path string, mods []string) error {
	tmp := path + ".new"
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	defer f.Close()
	c := &cpioWriter{w: f}
	c.add(guest.Modules[1:], modeDir, 0, 0, nil)
	for i, m := range mods {
		b, err := os.ReadFile(m)
		if err != nil {
			return err
		}
		c.add(fmt.Sprintf("%s/%02d-%s", guest.Modules[1:], i, filepath.Base(m)), modeFile, 0, 0, b)
	}
	c.add("TRAILER!!!", 0, 0, 0, nil)
	if err := errors.Join(c.err, f.Close()); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// maxCopy is the largest file that is copied into a guest, in bytes.
const maxCopy = 64 << 20

// copyFiles adds the command, its working folder, the shared folders, the
// samples that tests use and the tools, each at its own path.
func (c *cpioWriter) copyFiles(conf *guest.Config) error {
	seen := map[string]bool{}
	roots := append([]string{conf.Args[0], conf.Dir}, conf.Share...)
	for dir := conf.Dir; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			roots = append(roots, filepath.Join(dir, "testdata"), filepath.Join(dir, "docs"))
		}
	}
	for _, t := range qemuTools {
		path, err := exec.LookPath(t)
		if err != nil {
			continue
		}
		roots = append(roots, path)
		roots = append(roots, libraries(path)...)
	}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return err
			}
			return c.copyFile(path, seen)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// copyFile adds one file or folder with the folders above it. What a name
// links to is copied under the name.
func (c *cpioWriter) copyFile(path string, seen map[string]bool) error {
	if seen[path] || path == "/" || path == "/dev" {
		return nil
	}
	seen[path] = true
	if err := c.copyFile(filepath.Dir(path), seen); err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil, info.Size() > maxCopy && !info.IsDir():
		return nil
	case info.IsDir():
		c.add(path[1:], modeDir, 0, 0, nil)
		return nil
	case !info.Mode().IsRegular() || filepath.Base(path) == "initrd.cpio":
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	c.add(path[1:], 0o100000|int(info.Mode().Perm()), 0, 0, b)
	return c.err
}

var libraryPath = regexp.MustCompile(`(/[^ ]+) \(0x`)

// libraries returns the shared libraries of a program.
func libraries(path string) []string {
	out, err := exec.Command("ldd", path).Output()
	if err != nil {
		return nil // a static program
	}
	var all []string
	for _, m := range libraryPath.FindAllStringSubmatch(string(out), -1) {
		all = append(all, m[1])
	}
	return all
}

// unpack writes what a guest sent back into the shared folders.
func unpack(archive string, share []string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	r := tar.NewReader(f)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.Clean(h.Name)
		ok := false
		for _, dir := range share {
			ok = ok || strings.HasPrefix(name, dir+"/")
		}
		if !ok {
			return fmt.Errorf("file %s is in no shared folder", name)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, b, os.FileMode(h.Mode)); err != nil {
			return err
		}
	}
}
