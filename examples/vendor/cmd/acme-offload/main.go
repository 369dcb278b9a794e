// Command acme-offload is the offload command with the X1 card.
package main

import (
	"os"

	"example.com/acme/acme"
	"github.com/skipsw/skipsw/cmd/offload/cli"
)

func main() {
	c := cli.Default()
	c.Name = "acme-offload"
	c.Devices = append(c.Devices, acme.Scheme())
	c.Targets = append(c.Targets, acme.Target())
	c.Models = acme.Models()
	os.Exit(cli.Main(c))
}
