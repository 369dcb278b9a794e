package core

import (
	_ "github.com/skipsw/skipsw/translate/verify"
	_ "github.com/skipsw/skipsw/translate/bpf"
)
