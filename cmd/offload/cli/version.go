package cli

import (
	_ "embed" // for the notices
	"fmt"
	"runtime/debug"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// versions names the versions of the program, of images and of target files.
func versions() string {
	v := "(unknown)"
	if b, ok := debug.ReadBuildInfo(); ok {
		v = moduleVersion(b)
	}
	return fmt.Sprintf("%s, images of version %d, target files of schema %d, JSON of version %d", v, image.Version, target.Schema, jsonVersion)
}

// jsonVersion is the version of what --json prints: docs/schema.json. It rises when
// something goes or changes its meaning, not when something is added.
const jsonVersion = 1

// notices are the licences of the modules that are linked into the command.
//
//go:embed notices.txt
var notices string

// module is the path of the module that the verbs come from. In a vendor's
// binary it is one of the dependencies.
const module = "github.com/skipsw/skipsw"

// moduleVersion finds the module's version, with the revision of a build from
// a checkout.
func moduleVersion(b *debug.BuildInfo) string {
	if b.Main.Path == module {
		v := b.Main.Version
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" && (v == "" || v == "(devel)") {
				v = "(devel) " + s.Value
			}
		}
		return v
	}
	own := b.Main.Path + " " + b.Main.Version
	for _, d := range b.Deps {
		if d.Path == module {
			if d.Replace != nil && d.Replace.Version != "" {
				d = d.Replace
			}
			return own + ", skipsw " + d.Version
		}
	}
	return own
}
