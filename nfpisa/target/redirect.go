package target

import "slices"

// Redirect is the fields of the packet vector that say where a redirected frame
// goes. The firmware clears Kind before a program begins; the program that
// redirects writes both, and the last redirect counts.
type Redirect struct {
	// Kind holds one of the codes, 0 for no redirect so far.
	Kind Field `json:"kind"`
	// To says which one of the kind: an interface's number for a port, the key
	// in its map for a queue of the host, the image's number of the device map
	// for copies.
	To Field `json:"to"`
	// Program is the number, from 1 on, of the image's program that the entry of a
	// device or CPU map has for the far end, 0 for none; the firmware clears it. nil is
	// for targets where none run there.
	Program *Field `json:"program,omitempty"`
	// Codes are the values of Kind: one for each of RedirectKinds.
	Codes map[string]uint32 `json:"codes"`
}

// The kinds of redirects, as target files name them.
const (
	RedirectPort   = "port"   // out of the port of an interface
	RedirectCPU    = "cpu"    // to the host's queue of a processor (a CPU map)
	RedirectSocket = "socket" // to the host's queue with a socket (an AF_XDP socket map)
	RedirectAll    = "all"    // a copy to every interface of a device map
	RedirectOthers = "others" // the same without the interface that the frame came in by
)

// RedirectKinds lists the kinds.
func RedirectKinds() []string {
	return []string{RedirectPort, RedirectCPU, RedirectSocket, RedirectAll, RedirectOthers}
}

// KindOf returns the kind that a code stands for, "" for none.
func (r *Redirect) KindOf(code uint32) string {
	for _, k := range RedirectKinds() {
		if r.Codes[k] == code {
			return k
		}
	}
	return ""
}

// redirect checks the codes of a redirect.
func (c *checker) redirect() {
	r := c.t.PacketVector.Redirect
	for _, h := range []string{"redirect", "redirect_map", "redirect_neigh"} {
		if r == nil && c.t.HasHelper(h) {
			c.fail("helpers.%s needs packet_vector.redirect, where programs say where the frame goes", h)
		}
	}
	if v := &c.t.PacketVector; (v.Egress != nil) != (r != nil && r.Program != nil) {
		c.fail("packet_vector.egress and packet_vector.redirect.program come together: programs in entries of maps need both")
	}
	if r == nil {
		return
	}
	seen := map[uint32]string{0: "no redirect"}
	for _, k := range sorted(r.Codes) {
		code := r.Codes[k]
		switch other, taken := seen[code]; {
		case !slices.Contains(RedirectKinds(), k):
			c.fail("packet_vector.redirect.codes has %s, must be %v", k, RedirectKinds())
		case taken:
			c.fail("packet_vector.redirect.codes.%s is %d, which is the code of %s", k, code, other)
		case r.Kind.Bits < 32 && code >= 1<<r.Kind.Bits:
			c.fail("packet_vector.redirect.codes.%s is %d, which %d bits do not hold", k, code, r.Kind.Bits)
		}
		seen[code] = k
	}
	for _, k := range RedirectKinds() {
		if _, ok := r.Codes[k]; !ok {
			c.fail("packet_vector.redirect.codes lacks %s", k)
		}
	}
}

// metadata checks that there is a place for what bpf_xdp_adjust_meta makes.
func (c *checker) metadata() {
	if c.t.PacketVector.Metadata == nil && c.t.HasHelper("xdp_adjust_meta") {
		c.fail("helpers.xdp_adjust_meta needs packet_vector.metadata, where programs say how much there is")
	}
}

// redirectHonoured refuses fields that programs cannot write.
func (c *checker) redirectHonoured() {
	if m := c.t.PacketVector.Metadata; m != nil {
		c.only("packet_vector.metadata.bits", m.Bits, uint8(32), "programs write the whole word")
	}
	if r := c.t.PacketVector.Redirect; r != nil {
		c.only("packet_vector.redirect.kind.bits", r.Kind.Bits, uint8(32), "programs write the whole word")
		c.only("packet_vector.redirect.to.bits", r.To.Bits, uint8(32), "numbers of interfaces are words")
		if r.Program != nil {
			c.only("packet_vector.redirect.program.bits", r.Program.Bits, uint8(32), "programs write the whole word")
		}
	}
}
