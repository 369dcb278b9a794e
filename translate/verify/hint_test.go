package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestHints tests that a refusal of what people take for safe says what counts,
// in place of asking for what is there.
func TestHints(t *testing.T) {
	const length = pkt + `r4 = *(u16 *)(r2 +12); r2 += r4; r4 = r2; r4 += 15; if r4 > r3 goto out; r0 = *(u8 *)(r2 +14); exit; ` + out
	for _, c := range []struct{ name, src, reason, hint string }{
		{
			"checked, but too far for a check", length,
			"no check counts for it, it may end at byte 65550 and packets end at 65535", "bound the variable offset before it is added",
		},
		{
			"added behind the check", pkt + `r4 = *(u8 *)(r2 +12); r2 += r4; r0 = *(u8 *)(r2 +14); exit; ` + out,
			"no bounds check has proven any of it", "check the pointer against data_end after the variable offset was added",
		},
		{
			"bounded by % alone", val + `r6 = *(u32 *)(r0 +0); w6 %= 12; r0 += r6; r0 = *(u8 *)(r0 +0); exit; ` + out,
			"pointer arithmetic with R6, which may be as low as", "what % leaves does not count",
		},
		{
			"bounded by arithmetic", val + `r6 = *(u64 *)(r0 +0); r6 >>= 4; r0 += r6; r0 = *(u8 *)(r0 +0); exit; ` + out,
			"at an unbounded offset", "by a comparison or & MASK",
		},
		{
			"index too large", val + `r6 = *(u8 *)(r0 +0); r0 += r6; r0 = *(u8 *)(r0 +0); exit; ` + out,
			"byte 0..255 of the value", "compare the index with the number of elements",
		},
		{
			"not checked at all", `r2 = *(u32 *)(r1 +0); r0 = *(u8 *)(r2 +3); exit`,
			"no bounds check has proven any of it", "before the access, test data + 4 > data_end and leave",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := verify.Verify(assemble("hint", object.XDP, c.src), verify.Options{})
			var e *verify.Error
			require.ErrorAs(t, err, &e)
			require.Contains(t, e.Reason, c.reason)
			require.Contains(t, e.Hint, c.hint)
		})
	}
}
