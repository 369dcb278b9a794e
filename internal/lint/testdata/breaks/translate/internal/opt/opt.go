package opt

import (
	_ "github.com/skipsw/skipsw/nfpisa/target"
	_ "github.com/skipsw/skipsw/translate/internal/ssa"
)
