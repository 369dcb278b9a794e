package target

import (
	_ "github.com/skipsw/skipsw/nfpisa"
	_ "github.com/skipsw/skipsw/translate"
	_ "github.com/skipsw/skipsw/translate/bpf"
)
