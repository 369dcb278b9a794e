// Command fetch builds GNU objdump and readelf for nfp, if they are not in the
// cache yet, and prints their paths.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/skipsw/skipsw/internal/objdump"
)

func main() {
	tool, err := objdump.Find(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(tool.Objdump)
	fmt.Println(tool.Readelf)
}
