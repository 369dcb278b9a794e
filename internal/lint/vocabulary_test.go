package lint_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/skipsw/skipsw/internal/lint"
)

func TestVocabulary(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), lint.Vocabulary, "user", "github.com/skipsw/skipsw/translate/bpf")
}
