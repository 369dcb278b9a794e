package bpf

// Content is what a member of a context holds.
type Content uint8

// The contents.
const (
	Number Content = iota
	PacketStart
	PacketEnd
	PacketMeta
	Socket   // struct bpf_sock *
	FlowKeys // struct bpf_flow_keys *
)

// Field is a member of a context: its place, and what programs may do with it.
type Field struct {
	Name      string
	Off, Size int // bytes
	Holds     Content
	// Write says that programs may store to it, whole; BoundWrite that only
	// programs may that are bound to a device.
	Write, BoundWrite bool
	// Narrow says that parts of it may be loaded.
	Narrow bool
	// Kept is the number of bytes in which the kernel keeps the member if they
	// are fewer than Size. A load of that many bytes or more gives them,
	// whichever part of the member it names.
	Kept int
	// Absent says why programs of the type do not have it, "" if they do. Only is
	// where those are attached that have it all the same, 0 for nowhere.
	Absent string
	Only   AttachType
}

// Context is the structure that programs of a type get in R1.
type Context struct {
	Name   string // the structure's, in C
	Size   int    // bytes
	Fields []Field
	at     []uint8 // by byte: index into Fields plus 1, 0 for padding
}

// The contexts of XDP and of tc programs. The layouts are generated from the
// kernel's header, what programs may do is that of net/core/filter.c
// (xdp_is_valid_access, tc_cls_act_is_valid_access, bpf_convert_ctx_access).
var (
	XDPMd  = newContext("xdp_md", SizeofXDPMd, layoutXDPMd[:], xdpMdAccess)
	SkBuff = newContext("__sk_buff", SizeofSkBuff, layoutSkBuff[:], skBuffAccess)
)

const (
	onlyDevmap = "is only there for programs on a devmap"
	notForTC   = "is not there for tc programs"
)

var xdpMdAccess = map[int]Field{
	XDPMdData:          {Holds: PacketStart},
	XDPMdDataEnd:       {Holds: PacketEnd},
	XDPMdDataMeta:      {Holds: PacketMeta},
	XDPMdRxQueueIndex:  {BoundWrite: true},
	XDPMdEgressIfindex: {Absent: onlyDevmap, Only: AttachXDPDevMap},
}

var skBuffAccess = map[int]Field{
	SkBuffLen:            {Narrow: true},
	SkBuffPktType:        {Narrow: true, Kept: 1},
	SkBuffMark:           {Narrow: true, Write: true},
	SkBuffQueueMapping:   {Narrow: true, Write: true, Kept: 2},
	SkBuffProtocol:       {Narrow: true, Kept: 2},
	SkBuffVlanPresent:    {Narrow: true},
	SkBuffVlanTCI:        {Narrow: true, Kept: 2},
	SkBuffVlanProto:      {Narrow: true, Kept: 2},
	SkBuffPriority:       {Narrow: true, Write: true},
	SkBuffIngressIfindex: {Narrow: true},
	SkBuffIfindex:        {Narrow: true},
	SkBuffTcIndex:        {Narrow: true, Write: true, Kept: 2},
	SkBuffCB:             {Narrow: true, Write: true},
	SkBuffHash:           {Narrow: true},
	SkBuffTcClassID:      {Narrow: true, Write: true, Kept: 2},
	SkBuffData:           {Holds: PacketStart},
	SkBuffDataEnd:        {Holds: PacketEnd},
	SkBuffNAPIID:         {Narrow: true},
	SkBuffFamily:         {Absent: notForTC},
	SkBuffRemoteIP4:      {Absent: notForTC},
	SkBuffLocalIP4:       {Absent: notForTC},
	SkBuffRemoteIP6:      {Absent: notForTC},
	SkBuffLocalIP6:       {Absent: notForTC},
	SkBuffRemotePort:     {Absent: notForTC},
	SkBuffLocalPort:      {Absent: notForTC},
	SkBuffDataMeta:       {Holds: PacketMeta},
	SkBuffFlowKeys:       {Holds: FlowKeys, Absent: notForTC},
	SkBuffTstamp:         {Write: true},
	SkBuffWireLen:        {Narrow: true},
	SkBuffGSOSegs:        {Narrow: true, Kept: 2},
	SkBuffSk:             {Holds: Socket},
	SkBuffGSOSize:        {Narrow: true, Kept: 2},
}

func newContext(name string, size int, layout []Field, access map[int]Field) *Context {
	c := &Context{Name: name, Size: size, at: make([]uint8, size)}
	for _, f := range layout {
		a := access[f.Off]
		a.Name, a.Off, a.Size = f.Name, f.Off, f.Size
		c.Fields = append(c.Fields, a)
		for k := range f.Size {
			c.at[f.Off+k] = uint8(len(c.Fields))
		}
	}
	return c
}

// ContextOf returns the context of a type of program, nil for types that this
// package does not know.
func ContextOf(t ProgType) *Context {
	switch t {
	case ProgTypeXDP:
		return XDPMd
	case ProgTypeSchedCLS, ProgTypeSchedAct:
		return SkBuff
	}
	return nil
}

// At returns the member that the byte at off lies in, nil for none.
func (c *Context) At(off int) *Field {
	if off < 0 || off >= len(c.at) || c.at[off] == 0 {
		return nil
	}
	return &c.Fields[c.at[off]-1]
}

// Field returns the member of a name, nil for none.
func (c *Context) Field(name string) *Field {
	for k := range c.Fields {
		if c.Fields[k].Name == name {
			return &c.Fields[k]
		}
	}
	return nil
}
