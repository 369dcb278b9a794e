package lint

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

const module = "github.com/skipsw/skipsw/"

// bpfPath is the package of instructions and opcodes.
const bpfPath = module + "translate/bpf"

// owned are the types that a plain number must not stand for, by the package
// that owns them. An owner itself writes numbers: it defines what they mean.
var owned = map[string][]string{
	bpfPath: {
		"HelperID", "MapType", "ProgType", "AttachType", "XDPAction", "TCAction", "Errno",
		"Opcode", "Class", "ALUOp", "JumpOp", "Size", "Mode", "Source", "AtomicOp",
	},
	module + "nfpisa/target":    {"GPR", "LMIndex", "LMWord", "Signal", "CodeAddr"},
	module + "nfpisa/maplayout": {"Offset"},
}

// zeroes are the types whose 0 is the absence of a value: no error, no opcode.
var zeroes = []string{"Errno", "Opcode"}

// Vocabulary reports numbers in the place of named constants, hand-made opcode
// masks and hand-made jump arithmetic.
var Vocabulary = &analysis.Analyzer{
	Name:     "vocabulary",
	Doc:      "report numbers where a constant of the vocabulary belongs, and opcodes and jumps taken apart by hand",
	URL:      "https://pkg.go.dev/github.com/skipsw/skipsw/internal/lint",
	Requires: []*analysis.Analyzer{inspect.Analyzer},
	Run:      runVocabulary,
}

type vocabulary struct {
	pass *analysis.Pass
	test bool // the file is a test
}

func runVocabulary(pass *analysis.Pass) (any, error) {
	if _, owner := owned[strings.TrimSuffix(pass.Pkg.Path(), "_test")]; owner {
		return nil, nil
	}
	v := &vocabulary{pass: pass}
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	in.Preorder(nil, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.File:
			v.test = strings.HasSuffix(pass.Fset.Position(n.Pos()).Filename, "_test.go")
		case *ast.CallExpr:
			v.call(n)
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					v.place(kv.Key)
					e = kv.Value
				}
				v.place(e)
			}
		case *ast.AssignStmt:
			v.assign(n)
		case *ast.ValueSpec:
			v.places(n.Values)
		case *ast.ReturnStmt:
			v.places(n.Results)
		case *ast.CaseClause:
			v.places(n.List)
		case *ast.IndexExpr:
			if _, isMap := v.typeOf(n.X).(*types.Map); isMap {
				v.place(n.Index)
			}
		case *ast.BinaryExpr:
			v.binary(n)
		}
	})
	return nil, nil
}

func (v *vocabulary) typeOf(e ast.Expr) types.Type {
	t := v.pass.TypesInfo.TypeOf(e)
	if t == nil {
		return nil
	}
	return t.Underlying()
}

// ownedType returns the type of an expression if it is one of the vocabulary's.
func (v *vocabulary) ownedType(e ast.Expr) *types.TypeName {
	named, ok := types.Unalias(v.pass.TypesInfo.TypeOf(e)).(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		return nil
	}
	if obj := named.Obj(); slices.Contains(owned[obj.Pkg().Path()], obj.Name()) {
		return obj
	}
	return nil
}

func (v *vocabulary) places(list []ast.Expr) {
	for _, e := range list {
		v.place(e)
	}
}

// place reports a number that stands for a value of the vocabulary.
func (v *vocabulary) place(e ast.Expr) {
	if obj := v.ownedType(e); obj != nil && v.plain(e) {
		v.report(e, obj)
	}
}

// plain reports whether an expression is a number without a type: a literal, an
// untyped constant, or what they make.
func (v *vocabulary) plain(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		return e.Kind == token.INT || e.Kind == token.CHAR
	case *ast.UnaryExpr:
		return v.plain(e.X)
	case *ast.BinaryExpr:
		return v.plain(e.X) && v.plain(e.Y)
	case *ast.Ident:
		return untyped(v.pass.TypesInfo.Uses[e])
	case *ast.SelectorExpr:
		return untyped(v.pass.TypesInfo.Uses[e.Sel])
	}
	return false
}

func untyped(obj types.Object) bool {
	c, ok := obj.(*types.Const)
	if !ok {
		return false
	}
	b, ok := c.Type().(*types.Basic)
	return ok && b.Info()&types.IsUntyped != 0
}

// report tells of a number, with the constant that should stand there. Tests may
// use numbers that nothing is named for.
func (v *vocabulary) report(e ast.Expr, obj *types.TypeName) {
	value := v.pass.TypesInfo.Types[e].Value
	if value == nil {
		return
	}
	name := named(obj, value)
	if name == "" {
		if v.test || constant.Sign(value) == 0 && slices.Contains(zeroes, obj.Name()) {
			return
		}
		v.pass.Reportf(e.Pos(), "%s stands for a %s.%s; take it from its owner", value, obj.Pkg().Name(), obj.Name())
		return
	}
	name = obj.Pkg().Name() + "." + name
	v.pass.Report(analysis.Diagnostic{
		Pos: e.Pos(), End: e.End(), Message: value.String() + " stands for " + name,
		SuggestedFixes: []analysis.SuggestedFix{{
			Message: "write " + name, TextEdits: []analysis.TextEdit{{Pos: e.Pos(), End: e.End(), NewText: []byte(name)}},
		}},
	})
}

// named returns the first constant of an enumeration with a value, "" if there
// is none. Places of the contract are no enumeration: equal numbers mean
// different things.
func named(obj *types.TypeName, value constant.Value) string {
	if obj.Pkg().Path() != bpfPath {
		return ""
	}
	scope := obj.Pkg().Scope()
	for _, n := range scope.Names() {
		c, ok := scope.Lookup(n).(*types.Const)
		if ok && c.Exported() && types.Identical(c.Type(), obj.Type()) && constant.Compare(c.Val(), token.EQL, value) {
			return n
		}
	}
	return ""
}

// call looks at arguments, and at conversions of numbers.
func (v *vocabulary) call(c *ast.CallExpr) {
	if tv := v.pass.TypesInfo.Types[c.Fun]; tv.IsType() && len(c.Args) == 1 {
		if obj := v.ownedType(c); obj != nil && v.plain(c.Args[0]) {
			v.report(c, obj)
		}
		return
	}
	v.places(c.Args)
}

// binary looks at equality with a number, and at what opcodes and jumps are made
// of.
func (v *vocabulary) binary(b *ast.BinaryExpr) {
	switch b.Op {
	case token.EQL, token.NEQ:
		// A set of bits is compared with none of them.
		if !masked(b.X) && !masked(b.Y) {
			v.place(b.X)
			v.place(b.Y)
		}
	case token.AND, token.OR, token.XOR, token.AND_NOT, token.SHL, token.SHR:
		if v.isOpcode(b.X) || v.isOpcode(b.Y) {
			v.mask(b.Pos())
		}
	case token.ADD:
		v.jump(b)
	}
}

func masked(e ast.Expr) bool {
	b, ok := ast.Unparen(e).(*ast.BinaryExpr)
	return ok && b.Op == token.AND
}

func (v *vocabulary) mask(at token.Pos) {
	v.pass.Reportf(at, "an opcode taken apart or put together by hand: use the questions and constructors of package bpf")
}

// isOpcode reports an opcode, also one turned into a plain number.
func (v *vocabulary) isOpcode(e ast.Expr) bool {
	if obj := v.ownedType(e); obj != nil && obj.Name() == "Opcode" {
		return true
	}
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	return ok && len(c.Args) == 1 && v.pass.TypesInfo.Types[c.Fun].IsType() && v.isOpcode(c.Args[0])
}

func (v *vocabulary) assign(a *ast.AssignStmt) {
	switch a.Tok {
	case token.ASSIGN, token.DEFINE:
		for i, r := range a.Rhs {
			v.place(r)
			if len(a.Lhs) == len(a.Rhs) && v.distance(a.Lhs[i], "Off") && one(r, token.SUB) {
				v.arithmetic(r.Pos())
			}
		}
	case token.AND_ASSIGN, token.OR_ASSIGN, token.XOR_ASSIGN, token.AND_NOT_ASSIGN, token.SHL_ASSIGN, token.SHR_ASSIGN:
		if v.isOpcode(a.Lhs[0]) {
			v.mask(a.Pos())
		}
	}
}

func (v *vocabulary) arithmetic(at token.Pos) {
	v.pass.Reportf(at, "the target of a jump computed by hand: use JumpTarget, FuncTarget, Target or WithTarget of bpf.Insn")
}

// distance reports the field of an instruction that holds a distance, by one of
// the names, bare or converted.
func (v *vocabulary) distance(e ast.Expr, names ...string) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		return len(e.Args) == 1 && v.pass.TypesInfo.Types[e.Fun].IsType() && v.distance(e.Args[0], names...)
	case *ast.SelectorExpr:
		t := v.pass.TypesInfo.TypeOf(e.X)
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		named, ok := types.Unalias(t).(*types.Named)
		return ok && named.Obj().Name() == "Insn" && named.Obj().Pkg().Path() == bpfPath && slices.Contains(names, e.Sel.Name)
	}
	return false
}

// jump reports a sum of a slot, one and the distance of an instruction.
func (v *vocabulary) jump(b *ast.BinaryExpr) {
	var sum func(e ast.Expr) (far, next bool)
	sum = func(e ast.Expr) (far, next bool) {
		e = ast.Unparen(e)
		if s, ok := e.(*ast.BinaryExpr); ok && s.Op == token.ADD {
			f1, n1 := sum(s.X)
			f2, n2 := sum(s.Y)
			return f1 || f2, n1 || n2
		}
		lit, ok := e.(*ast.BasicLit)
		return v.distance(e, "Off", "Imm"), ok && lit.Value == "1"
	}
	// The part that completes the sum tells, the larger ones around it do not.
	f, n := sum(b)
	fx, nx := sum(b.X)
	if f && n && !(fx && nx) {
		v.arithmetic(b.Pos())
	}
}

// one reports whether the number 1 is taken off somewhere in an expression.
func one(e ast.Expr, op token.Token) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		if b, ok := n.(*ast.BinaryExpr); ok && b.Op == op {
			if lit, ok := ast.Unparen(b.Y).(*ast.BasicLit); ok && lit.Value == "1" {
				found = true
			}
		}
		return true
	})
	return found
}
