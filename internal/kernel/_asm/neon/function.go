package main

import (
	"bytes"
	"fmt"
	"strings"
)

// register is a virtual register. Allocation gives it a number.
type register struct {
	vector bool
	number int
	taken  bool // has its number already, and no other has it
}

func (r *register) registers() []*register { return []*register{r} }

// gp is a general register of 64 bits.
type gp struct{ *register }

func (r gp) String() string { return fmt.Sprintf("R%d", r.number) }

// vec is a vector register: four float32 values or integers.
type vec struct{ *register }

// String is the name of the register as a scalar.
func (r vec) String() string { return fmt.Sprintf("F%d", r.number) }

// as is a vector register with the arrangement of its lanes, such as S4.
type as struct {
	vec
	arrangement string
}

func (r as) String() string { return fmt.Sprintf("V%d.%s", r.number, r.arrangement) }

func (r vec) s4() as  { return as{r, "S4"} }
func (r vec) b16() as { return as{r, "B16"} }

// list are vector registers behind each other, of sixteen bytes each.
type list []vec

func (l list) String() string {
	names := make([]string, len(l))
	for i, v := range l {
		names[i] = v.b16().String()
	}
	return "[" + strings.Join(names, ", ") + "]"
}

func (l list) registers() []*register {
	r := make([]*register, len(l))
	for i, v := range l {
		r[i] = v.register
	}
	return r
}

// operand is what an instruction names.
type operand interface {
	fmt.Stringer
	registers() []*register
}

// text is an operand without a register.
type text string

func (t text) String() string         { return string(t) }
func (t text) registers() []*register { return nil }

func immediate(n int) text { return text(fmt.Sprintf("$%d", n)) }

// memory is the memory disp bytes from base. Where there is an index, it takes
// the place of disp, shifted to the left.
type memory struct {
	base  gp
	disp  int
	index *gp
	shift int
}

// at is the memory disp bytes from base.
func at(base gp, disp int) memory { return memory{base: base, disp: disp} }

func (m memory) String() string {
	switch {
	case m.index == nil && m.disp == 0:
		return fmt.Sprintf("(%v)", m.base)
	case m.index == nil:
		return fmt.Sprintf("%d(%v)", m.disp, m.base)
	case m.shift == 0:
		return fmt.Sprintf("(%v)(%v)", m.base, *m.index)
	}
	return fmt.Sprintf("(%v)(%v<<%d)", m.base, *m.index, m.shift)
}

func (m memory) registers() []*register {
	if m.index == nil {
		return []*register{m.base.register}
	}
	return []*register{m.base.register, m.index.register}
}

// shifted is a general register shifted to the left.
type shifted struct {
	gp
	by int
}

func (s shifted) String() string { return fmt.Sprintf("%v<<%d", s.gp, s.by) }

// line is an instruction or a label. Its text is asked for when its registers
// have numbers.
type line struct {
	move      bool // from the first register to the second
	text      func() string
	registers []*register
	label     string // what stands here
	target    string // where a branch may go
}

// vain tells whether the line moves a register to itself.
func (l *line) vain() bool { return l.move && l.registers[0].number == l.registers[1].number }

// function is a function under construction.
type function struct {
	file                 *file
	name, signature, doc string
	frame
	lines     []line
	constants *gp // points to the file's constants, if the function reads any
}

func (f *function) gp() gp   { return gp{&register{}} }
func (f *function) vec() vec { return vec{&register{vector: true}} }

func (f *function) vecs(n int) []vec {
	v := make([]vec, n)
	for i := range v {
		v[i] = f.vec()
	}
	return v
}

// consecutive returns the last n vector registers, for instructions that take a list.
func (f *function) consecutive(n int) []vec {
	v := f.vecs(n)
	for i := range v {
		v[i].number, v[i].taken = vectors-n+i, true
	}
	return v
}

// op emits an instruction as Go's assembler writes it, its result last.
func (f *function) op(mnemonic string, operands ...operand) {
	l := line{text: func() string {
		names := make([]string, len(operands))
		for i, o := range operands {
			names[i] = o.String()
		}
		return mnemonic + " " + strings.Join(names, ", ")
	}}
	for _, o := range operands {
		l.registers = append(l.registers, o.registers()...)
	}
	f.lines = append(f.lines, l)
}

// word emits an instruction that Go's assembler lacks. Both functions are called
// when registers have numbers.
func (f *function) word(bits func() uint32, comment func() string, registers ...*register) {
	f.lines = append(f.lines, line{
		text:      func() string { return fmt.Sprintf("WORD $0x%08x // %s", bits(), comment()) },
		registers: registers,
	})
}

func (f *function) label(name string) { f.lines = append(f.lines, line{label: name}) }

// branch emits a branch; those that test a register name it.
func (f *function) branch(mnemonic, target string, tested ...operand) {
	f.op(mnemonic, append(tested, text(target))...)
	f.lines[len(f.lines)-1].target = target
}

// write writes the function's text.
func (f *function) write(b *bytes.Buffer) {
	allocate(f.name, f.lines)
	fmt.Fprintf(b, "\n// func %s%s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", f.name, f.signature, f.name, f.size)
	for _, l := range f.lines {
		switch {
		case l.label != "":
			fmt.Fprintf(b, "%s:\n", l.label)
		case !l.vain():
			fmt.Fprintf(b, "\t%s\n", l.text())
		}
	}
}
