// Command gen writes the generated files of translate/bpf: the names and
// numbers of the kernel's programming interface.
//
// It reads uapi/linux.h, an extract of the kernel's headers that is committed,
// and uapi/newer.h, what later kernels have added. With -extract it cuts the
// extract anew from the headers that are installed.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	extract := flag.Bool("extract", false, "cut uapi/linux.h anew from the headers in -include")
	include := flag.String("include", "/usr/include", "where package linux-libc-dev has put its headers")
	dir := flag.String("dir", ".", "translate/bpf")
	flag.Parse()
	if err := run(*dir, *include, *extract); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir, include string, extract bool) error {
	uapi := filepath.Join(dir, "internal", "gen", "uapi")
	if extract {
		text, err := cut(include)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(uapi, "linux.h"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	files, err := generate(uapi)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
