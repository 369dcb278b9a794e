package sim

import (
	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/hostmap"
	"github.com/skipsw/skipsw/sim/mem"
	"github.com/skipsw/skipsw/sim/trace"
)

// ErrNotSupported is what errors.Is finds in errors and faults about what the
// simulator does not have. It is one with the compiler's and the devices'.
var ErrNotSupported = unsupported.Err

// The types of the rooms behind this package that its callers meet. Under these
// names they are stable.
type (
	Fault       = core.Fault
	FaultKind   = core.FaultKind
	Checks      = core.Checks
	Hooks       = core.Hooks
	MemoryHooks = mem.Hooks
	Step        = core.Step
	Call        = core.Call
	Switch      = core.Switch
	SwitchKind  = core.SwitchKind
	Routine     = core.Cost
	Latency     = mem.Latency
	Shape       = mem.Shape
	Cache       = mem.Cache
	Firmware    = firmware.Costs
	Input       = firmware.Input
	Skb         = firmware.Skb
	Event       = firmware.Event
	Redirect    = firmware.Redirect
	Map         = hostmap.Map
	Profile     = trace.Profile
	LineCost    = trace.LineCost
	Perfetto    = trace.Perfetto
)

// NewPerfetto begins a trace; see package trace.
var NewPerfetto = trace.NewPerfetto

// The fault kinds; see package core.
const (
	FaultNone           = core.FaultNone
	FaultInvalidWord    = core.FaultInvalidWord
	FaultECC            = core.FaultECC
	FaultUnsupported    = core.FaultUnsupported
	FaultBadPC          = core.FaultBadPC
	FaultRunaway        = core.FaultRunaway
	FaultUndefined      = core.FaultUndefined
	FaultFlags          = core.FaultFlags
	FaultSignal         = core.FaultSignal
	FaultPointerLatency = core.FaultPointerLatency
	FaultLocalMemory    = core.FaultLocalMemory
	FaultPacket         = core.FaultPacket
	FaultMemory         = core.FaultMemory
	FaultHazard         = core.FaultHazard
	FaultGrant          = core.FaultGrant
	FaultExit           = core.FaultExit
	FaultInput          = core.FaultInput
)

// The rules; see package core.
const (
	CheckUndefined      = core.CheckUndefined
	CheckSignals        = core.CheckSignals
	CheckPointerLatency = core.CheckPointerLatency
	CheckLocalMemory    = core.CheckLocalMemory
	CheckPacketWrites   = core.CheckPacketWrites
	CheckMapValues      = core.CheckMapValues
	CheckHazards        = core.CheckHazards
	CheckGrant          = core.CheckGrant
	AllChecks           = core.AllChecks
	CheckExact          = core.CheckExact
)

// What happens to a context; see package core.
const (
	SwitchBegin = core.SwitchBegin
	SwitchSleep = core.SwitchSleep
	SwitchWake  = core.SwitchWake
	SwitchEnd   = core.SwitchEnd
)

// Update flags of a map, as the kernel numbers them.
const (
	UpdateAny     = hostmap.UpdateAny
	UpdateNoExist = hostmap.UpdateNoExist
	UpdateExist   = hostmap.UpdateExist
)
