// Command runner runs a program in a guest: `go test -exec "runner" ./...`
// runs test binaries there. Flags come before the program:
//
//	runner [-mem MIB] [-timeout DURATION] [-share DIR]... PROGRAM [ARG]...
//
// A program's folder below the temporary folder can be written to, so coverage
// profiles and other files that go test asks for come back. The exit status is the program's.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/skipsw/skipsw/internal/vm"
)

// exitRunner is the status when the guest could not run the program.
const exitRunner = 125

func main() {
	var share []string
	mem := flag.Int("mem", 0, "memory of the guest in MiB (256)")
	timeout := flag.Duration("timeout", 10*time.Minute, "end the guest after this time")
	flag.Func("share", "folder that the program may write to", func(s string) error {
		share = append(share, s)
		return nil
	})
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "runner: which program? runner PROGRAM [ARG]...")
		os.Exit(exitRunner)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, flag.Args(), share, *mem, *timeout)
	var exit *vm.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(exit.Status)
	case err != nil:
		fmt.Fprintln(os.Stderr, "runner:", err)
		os.Exit(exitRunner)
	}
}

func run(ctx context.Context, args, share []string, mem int, timeout time.Duration) error {
	k, err := vm.Find(ctx)
	if err != nil {
		return err
	}
	if strings.Contains(args[0], "/") {
		dir, err := filepath.Abs(filepath.Dir(args[0]))
		if err != nil {
			return err
		}
		if strings.HasPrefix(dir, os.TempDir()+"/") { // where go test builds
			share = append(share, dir)
		}
	}
	// go test names the files it wants, coverage profiles among them, by their
	// paths in flags.
	for _, a := range args[1:] {
		if _, v, ok := strings.Cut(a, "="); ok && strings.HasPrefix(a, "-test.") && filepath.IsAbs(v) {
			share = append(share, filepath.Dir(v))
		}
	}
	return k.Run(ctx, &vm.Guest{Args: args, Env: os.Environ(), Share: share, Memory: mem, Timeout: timeout, Stdout: os.Stdout, Stderr: os.Stderr})
}
