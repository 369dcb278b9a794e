package verify

// Precision: the range of a scalar matters for safety only when the value
// reaches an address, a size or a decided branch. Scalars carry a node that
// says which scalars of the checkpoint before they were computed from; a use
// that needs the range marks the node and all nodes behind it. A checkpoint
// gives its scalars fresh nodes, so that its own mark tells whether some path
// from it needs the range. Only marked scalars have to be compared when a
// path is pruned.

// need is how much of a scalar matters.
type need uint8

const (
	unneeded need = iota
	// compared is a range that states are compared by, because nobody knows yet
	// whether it matters: a path ended at a loop whose walk goes on.
	compared
	// precise is a range that something needed.
	precise
)

type node struct {
	a, b int32 // nodes that this one was computed from; 0 is none
	need need
}

// origins is the graph of nodes. Node 0 stands for values that depend on no
// register.
type origins struct {
	nodes []node
	work  []int32
}

func (o *origins) reset() {
	o.nodes = append(o.nodes[:0], node{need: precise})
}

// from returns a node for a value computed from a and b.
func (o *origins) from(a, b int32) int32 {
	if a == b || b == 0 {
		return a
	}
	if a == 0 {
		return b
	}
	return o.fresh(a, b)
}

func (o *origins) fresh(a, b int32) int32 {
	o.nodes = append(o.nodes, node{a: a, b: b})
	return int32(len(o.nodes) - 1)
}

// of returns how much n matters.
func (o *origins) of(n int32) need {
	if n == 0 {
		return unneeded
	}
	return o.nodes[n].need
}

func (o *origins) precise(n int32) bool { return o.of(n) == precise }

// need marks n and everything it was computed from as precise.
func (o *origins) need(n int32) { o.raise(n, precise) }

// raise marks n and everything it was computed from as mattering at least that
// much.
func (o *origins) raise(n int32, to need) {
	if o.nodes[n].need >= to {
		return
	}
	o.nodes[n].need = to
	o.work = append(o.work[:0], n)
	for len(o.work) > 0 {
		m := o.nodes[o.work[len(o.work)-1]]
		o.work = o.work[:len(o.work)-1]
		for _, p := range [2]int32{m.a, m.b} {
			if o.nodes[p].need < to {
				o.nodes[p].need = to
				o.work = append(o.work, p)
			}
		}
	}
}
