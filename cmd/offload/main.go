// Command offload compiles verified eBPF to NFP machine code, runs it in a
// simulated network card and attaches it to real ones.
//
// It holds flags, output and progress, one file a verb, and no logic.
package main

import "os"

func main() {
	os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
