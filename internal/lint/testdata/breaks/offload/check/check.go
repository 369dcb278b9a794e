package check

import (
	_ "github.com/skipsw/skipsw/cmd/offload/cli"
	_ "github.com/skipsw/skipsw/nfpisa"
	_ "github.com/skipsw/skipsw/nfpisa/target"
)
