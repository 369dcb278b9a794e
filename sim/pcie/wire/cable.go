package wire

// End is one end of a cable between two ports: what is sent into it comes out of
// the other end.
type End struct{ to Deliver }

// Cable connects two ports and returns the end that each sends into.
func Cable(a, b Deliver) (endA, endB *End) { return &End{b}, &End{a} }

// Send implements nfp.Wire.
func (e *End) Send(frame []byte) { e.to(frame) }

// Tap is a far end that sees what leaves a port, and passes it on.
type Tap struct {
	See func(frame []byte)
	To  interface{ Send(frame []byte) } // nil ends the cable here
}

// Send implements nfp.Wire.
func (t *Tap) Send(frame []byte) {
	t.See(frame)
	if t.To != nil {
		t.To.Send(frame)
	}
}
