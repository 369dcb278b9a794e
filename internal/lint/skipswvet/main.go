// Command skipswvet runs the module's own analysers under go vet:
//
//	go vet -vettool=$(pwd)/bin/skipswvet ./...
package main

import (
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/skipsw/skipsw/internal/lint"
)

func main() { unitchecker.Main(lint.Vocabulary) }
