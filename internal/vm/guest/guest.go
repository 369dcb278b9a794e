// Package guest holds what the host side of package vm and the init process
// inside the guest tell each other.
package guest

// Names of files: the first inside the initial file system, the second in the
// guest's box, which is a folder of the host.
const (
	ConfigFile = "guest.json"
	StatusFile = "status.json"
)

// Modules is the folder of a copied guest with its kernel's modules, in the
// order of their names.
const Modules = "/mods"

// Env is set in the guest's environment, to "1".
const Env = "SKIPSW_GUEST"

// Config is what the init process is to do.
type Config struct {
	Args  []string // command; Args[0] is an absolute path
	Env   []string
	Dir   string   // working folder of the command
	Box   string   // folder of the host that takes the status
	Share []string // folders of the host that can be written to
	See   []string // folders of the host that can be read
	// Small says that the guest sees the host's programs and libraries and the
	// folders above, instead of all of the host's file system.
	Small bool
	// Copied says that the guest has copies of its files instead of the host's
	// file system, and sends what is in the shared folders back.
	Copied bool
}

// Status is how the command ended.
type Status struct {
	Exit  int    // 128+n for signal n
	Error string // why the command could not be run
}
