package verify_test

import "github.com/skipsw/skipsw/translate/object"

// Parameters of the global functions in the cases.
var (
	scalarArg = object.Arg{}
	ctxArg    = object.Arg{Kind: object.ArgCtx}
	mem8      = object.Arg{Kind: object.ArgMem, Size: 8}
	mem8Set   = object.Arg{Kind: object.ArgMem, Size: 8, NonNull: true}
)

func global(args ...object.Arg) map[string][]object.Arg { return map[string][]object.Arg{"G": args} }

var globalCases = []verdictCase{
	{name: "number in, number out", src: `r1 = 5; call G; exit; G: r0 = r1; r0 += 1; exit`, global: global(scalarArg)},
	{name: "result is unknown outside", src: val + `r6 = r0; r1 = 3; call G; r6 += r0; r0 = *(u8 *)(r6 +0); out: r0 = 0; exit; G: r0 = r1; exit`, global: global(scalarArg), want: "pointer arithmetic with R0, which may be as low as"},
	{name: "result masked by the caller", src: val + `r6 = r0; r1 = 3; call G; r0 &= 7; r6 += r0; r0 = *(u8 *)(r6 +0); out: r0 = 0; exit; G: r0 = r1; exit`, global: global(scalarArg)},
	{name: "argument is unknown inside", src: `r1 = r10; call F; exit; F: r2 = 1; r1 = r2; call G; exit; G: r2 = r10; r2 += -8; *(u64 *)(r2 +0) = 0; r2 = r10; r1 += -8; r2 += r1; r0 = *(u8 *)(r2 +0); exit`, global: global(scalarArg), want: "pointer arithmetic with R1, which may be as low as"},
	{name: "static function in between", src: `r1 = 7; call F; exit; F: call G; exit; G: r0 = r1; exit`, global: global(scalarArg)},
	{name: "global calls static", src: `r1 = 7; call G; exit; G: call H; r0 += 1; exit; H: r0 = r1; exit`, global: global(scalarArg)},
	{name: "number for a pointer", src: `r1 = 5; call G; exit; G: r0 = 0; exit`, global: global(mem8), want: "needs memory in R1, it holds scalar"},
	{name: "pointer for a number", src: `r1 = r10; call G; exit; G: r0 = r1; exit`, global: global(scalarArg), want: "needs a number in R1, it holds fp"},
	{name: "argument never set", src: `r1 = 1; call G; exit; G: r0 = r2; exit`, global: global(scalarArg, scalarArg), want: "R2 is read"},
	{name: "register beyond the parameters", src: `r1 = 1; r2 = 1; call G; exit; G: r0 = r2; exit`, global: global(scalarArg), want: "R2 is read"},
	{name: "memory not compared with null", src: `r1 = r10; r1 += -8; call G; exit; G: r0 = *(u64 *)(r1 +0); exit`, global: global(mem8), want: "may be null"},
	{name: "memory compared with null", src: `r1 = r10; r1 += -8; call G; exit; G: r0 = 0; if r1 == 0 goto z; r0 = *(u64 *)(r1 +0); z: exit`, global: global(mem8)},
	{name: "memory that is not null", src: `r1 = r10; r1 += -8; call G; exit; G: r0 = *(u64 *)(r1 +0); exit`, global: global(mem8Set)},
	{name: "null for memory", src: `r1 = 0; call G; exit; G: r0 = 0; exit`, global: global(mem8)},
	{name: "null for memory that is not null", src: `r1 = 0; call G; exit; G: r0 = 0; exit`, global: global(mem8Set), want: "may be null", kernel: "looks at the type alone, and takes a constant 0"},
	{name: "lookup result for memory", src: `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[hash]; call map_lookup_elem; r1 = r0; call G; exit; G: r0 = 0; exit`, global: global(mem8)},
	{name: "lookup result for memory that is not null", src: `*(u32 *)(r10 -4) = 1; r2 = r10; r2 += -4; r1 = map[hash]; call map_lookup_elem; r1 = r0; call G; exit; G: r0 = 0; exit`, global: global(mem8Set), want: "may be null"},
	{name: "memory read beyond", src: `r1 = r10; r1 += -8; call G; exit; G: r0 = *(u64 *)(r1 +1); exit`, global: global(mem8Set), want: "memory byte 1..8 read, the object has 8 bytes"},
	{name: "memory written", src: `r1 = r10; r1 += -8; call G; r0 = *(u64 *)(r10 -8); exit; G: *(u64 *)(r1 +0) = 7; r0 = 0; exit`, global: global(mem8Set)},
	{name: "memory too short on the stack", src: `r1 = r10; r1 += -4; call G; exit; G: r0 = 0; exit`, global: global(mem8), want: "stack byte -4..3"},
	{name: "memory in the packet", src: pkt + `r1 = r2; call G; out: r0 = 0; exit; G: r0 = 0; exit`, global: global(mem8)},
	{name: "memory in the packet not proven", src: `r2 = *(u32 *)(r1 +0); r1 = r2; call G; r0 = 0; exit; G: r0 = 0; exit`, global: global(mem8), want: "packet byte 0..7 read"},
	{name: "memory in a value", src: val + `r1 = r0; r1 += 8; call G; out: r0 = 0; exit; G: r0 = 0; exit`, global: global(mem8)},
	{name: "memory in a constant", src: `r1 = map[rodata] value +0; call G; r0 = 0; exit; G: r0 = 0; exit`, global: global(mem8), want: `write to map "rodata"`},
	{name: "pointer on the stack is lost", src: `*(u64 *)(r10 -8) = r1; r1 = r10; r1 += -8; call G; r1 = *(u64 *)(r10 -8); r0 = *(u32 *)(r1 +0); r0 = 0; exit; G: r0 = 0; exit`, global: global(mem8), want: "not a pointer"},
	{name: "context", src: `call G; exit; G: r0 = *(u32 *)(r1 +12); exit`, global: global(ctxArg)},
	{name: "context moved", src: `r1 += 4; call G; exit; G: r0 = 0; exit`, global: global(ctxArg), want: "needs the context in R1"},
	{name: "context in tc", typ: object.TC, src: `call G; exit; G: r0 = *(u32 *)(r1 +8); exit`, global: global(ctxArg)},
	{name: "packet through the context", src: `call G; exit; G:` + pkt + `r0 = *(u8 *)(r2 +13);` + out, global: global(ctxArg)},
	{name: "packet pointers outlive a call", src: `r6 = r1;` + pkt + `r7 = r2; r1 = r6; call G; r0 = *(u8 *)(r7 +0); out: r0 = 0; exit; G: r0 = 0; exit`, global: global(ctxArg)},
	{name: "packet pointers lost where the function moves it", src: `r6 = r1;` + pkt + `r7 = r2; r1 = r6; call G; r0 = *(u8 *)(r7 +0); out: r0 = 0; exit; G: r2 = 0; call xdp_adjust_head; r0 = 0; exit`, global: global(ctxArg), want: "may have moved the packet"},
	{name: "packet pointers lost where a callee moves it", src: `r6 = r1;` + pkt + `r7 = r2; r1 = r6; call G; r0 = *(u8 *)(r7 +0); out: r0 = 0; exit; G: call H; r0 = 0; exit; H: r2 = 0; call xdp_adjust_head; r0 = 0; exit`, global: global(ctxArg), want: "may have moved the packet"},
	{name: "packet pointers lost where the function tail calls", src: `r6 = r1;` + pkt + `r7 = r2; r1 = r6; call G; r0 = *(u8 *)(r7 +0); out: r0 = 0; exit; G:` + tailCall + `r0 = 0; exit`, global: global(ctxArg), want: "may have moved the packet"},
	{name: "packet pointers lost where a callee tail calls", src: `r6 = r1;` + pkt + `r7 = r2; r1 = r6; call G; r0 = *(u8 *)(r7 +0); out: r0 = 0; exit; G: call H; r0 = 0; exit; H:` + tailCall + `r0 = 0; exit`, global: global(ctxArg), want: "may have moved the packet"},
	{name: "packet pointers lost where a global callee moves it", src: `r6 = r1;` + pkt + `r7 = r2; r1 = r6; call F; r0 = *(u8 *)(r7 +0); out: r0 = 0; exit; F: call G; r0 = 0; exit; G:` + tailCall + `r0 = 0; exit`, global: global(ctxArg), want: "may have moved the packet"},
	{name: "packet pointers lost where the move is never reached", src: `r6 = r1;` + pkt + `r7 = r2; r1 = r6; call G; r0 = *(u8 *)(r7 +0); out: r0 = 0; exit; G: r2 = 1; if r2 == 1 goto z; r2 = 0; call xdp_adjust_head; z: r0 = 0; exit`, global: global(ctxArg), want: "may have moved the packet"},
	{name: "returns a pointer", src: `call G; r0 = 0; exit; G: r0 = r1; exit`, global: global(ctxArg), want: `global function "G" returns ctx`},
	{name: "returns nothing", src: `call G; r0 = 0; exit; G: exit`, global: global(ctxArg), want: "R0 is read, but was never set"},
	{name: "unsafe inside", src: `call G; r0 = 0; exit; G: r2 = *(u32 *)(r1 +0); r0 = *(u8 *)(r2 +0); exit`, global: global(ctxArg), want: "packet byte 0 read"},
	{name: "called twice, verified once", src: `r6 = r1; r1 = 1; call G; r1 = 2; call G; exit; G: r0 = r1; exit`, global: global(scalarArg)},
	{name: "atomic on memory", src: `r1 = r10; r1 += -8; call G; exit; G: r2 = 1; lock *(u64 *)(r1 +0) += r2; r0 = 0; exit`, global: global(mem8Set)},
	{name: "memory given to a helper", src: `r1 = r10; r1 += -8; call G; exit; G: r2 = r1; r1 = map[hash]; call map_lookup_elem; r0 = 0; exit`, global: global(mem8Set)},
	{name: "memory off its alignment on the stack", src: `r1 = r10; r1 += -11; call G; exit; G: r0 = *(u64 *)(r1 +0); exit`, global: global(mem8Set), want: "not supported: a global function that is safe on its own, because as it is called here: access of 8 bytes to fp", kernel: "does not know that it is the stack"},
	{name: "stack of an argument that nobody looks at, and a tail call", src: `r2 = r10; r2 += -256; call G; exit; G:` + tailCall + `r0 = 0; exit`, global: global(ctxArg, mem8Set), want: "a tail call in function"},
	{name: "less stack of an argument, and a tail call", src: `r2 = r10; r2 += -224; call G; exit; G:` + tailCall + `r0 = 0; exit`, global: global(ctxArg, mem8Set)},
	{name: "stack of arguments of all together", src: `r1 = r10; r1 += -264; call G; exit; G: *(u64 *)(r10 -264) = 1; r0 = 0; exit`, global: global(mem8Set), want: "nested functions need"},
	{name: "stack of all together", src: `*(u64 *)(r10 -264) = 1; r1 = 1; call G; exit; G: *(u64 *)(r10 -264) = 1; r0 = 0; exit`, global: global(scalarArg), want: "nested functions need"},
}
