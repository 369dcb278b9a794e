package translate

import (
	_ "github.com/skipsw/skipsw/sim"
	_ "github.com/skipsw/skipsw/translate/bpf"
)
