package vm

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/skipsw/skipsw/internal/vm/guest"
)

// Unix file modes of archive members.
const (
	modeDir  = 0o040755
	modeExec = 0o100755
	modeFile = 0o100644
	modeChar = 0o020600
)

// cpioWriter writes an archive in the "newc" form that the kernel takes as its
// initial file system.
type cpioWriter struct {
	w   io.Writer
	off int
	ino int
	err error
}

// add writes one member. For a device, major and minor tell which.
func (c *cpioWriter) add(name string, mode int, major, minor int, data []byte) {
	c.ino++
	nlink := 1
	if mode == modeDir {
		nlink = 2
	}
	c.printf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		c.ino, mode, 0, 0, nlink, 0, len(data), 0, 0, major, minor, len(name)+1, 0)
	c.write([]byte(name + "\x00"))
	c.pad()
	c.write(data)
	c.pad()
}

func (c *cpioWriter) printf(format string, args ...any) { c.write(fmt.Appendf(nil, format, args...)) }

func (c *cpioWriter) write(b []byte) {
	if c.err != nil {
		return
	}
	var n int
	n, c.err = c.w.Write(b)
	c.off += n
}

// pad fills up to a multiple of four bytes.
func (c *cpioWriter) pad() {
	if r := c.off % 4; r != 0 {
		c.write(make([]byte, 4-r))
	}
}

// writeInitrd writes the guest's initial file system: the init program, what
// it is to do, and a console. A guest without the host's file system gets
// copies of its files behind the modules of its kernel.
func (k *Kernel) writeInitrd(path string, conf *guest.Config) error {
	prog, err := os.ReadFile(k.Init)
	if err != nil {
		return err
	}
	conf.Copied = k.Base != ""
	text, err := json.Marshal(conf)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b := bufio.NewWriterSize(f, 1<<16)
	if conf.Copied {
		base, err := os.ReadFile(k.Base)
		if err != nil {
			return err
		}
		if _, err := b.Write(base); err != nil {
			return err
		}
	}
	c := &cpioWriter{w: b}
	c.add("dev", modeDir, 0, 0, nil)
	c.add("dev/console", modeChar, 5, 1, nil)
	c.add("init", modeExec, 0, 0, prog)
	c.add(guest.ConfigFile, modeFile, 0, 0, text)
	if conf.Copied {
		if err := c.copyFiles(conf); err != nil {
			return err
		}
	}
	c.add("TRAILER!!!", 0, 0, 0, nil)
	if c.err != nil {
		return c.err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return f.Close()
}
