// Command offload compiles verified eBPF to NFP machine code, runs it in a
// simulated network card and attaches it to real ones.
package main

import (
	"os"

	"github.com/skipsw/skipsw/cmd/offload/cli"
)

func main() { os.Exit(cli.Main(cli.Default())) }
