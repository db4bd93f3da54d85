package pickle

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// step does one instruction.
func (m *machine) step(op byte) error {
	switch op {
	case opProto:
		return m.proto()
	case opFrame:
		_, err := m.number(8) // how far Python may read ahead
		return err
	case opMark:
		m.marks = append(m.marks, len(m.stack))
		return nil
	case opGlobal, opStackGlobal:
		return m.global(op)
	case opReduce:
		return m.reduce()
	case opBuild:
		return m.build()
	case opBinPersID:
		id, err := m.pop()
		if err != nil {
			return err
		}
		s, err := m.storage(id)
		m.push(s)
		return err
	case opBinPut, opLongBinPut, opMemoize, opBinGet, opLongBinGet:
		return m.remember(op)
	case opTuple, opEmptyTuple, opTuple1, opTuple2, opTuple3:
		return m.tuple(op)
	case opEmptyList, opAppend, opAppends:
		return m.list(op)
	case opEmptyDict, opSetItem, opSetItems:
		return m.dict(op)
	}
	v, err := m.plain(op)
	if err == nil {
		m.push(v)
	}
	return err
}

func (m *machine) proto() error {
	version, err := m.byte()
	if err == nil && (version < 2 || version > 5) {
		err = fmt.Errorf("version %d of the pickle format, expected 2 to 5", version)
	}
	return err
}

// plain reads a value that stands in the pickle itself.
func (m *machine) plain(op byte) (any, error) {
	switch op {
	case opNone:
		return nil, nil
	case opTrue, opFalse:
		return op == opTrue, nil
	case opBinInt:
		v, err := m.number(4)
		return int64(int32(uint32(v))), err
	case opBinInt1, opBinInt2:
		v, err := m.number(uint64(op-opBinInt1)/2 + 1)
		return int64(v), err
	case opLong1:
		return m.long()
	case opBinFloat:
		return m.float()
	case opShortText, opShortString:
		return m.text(1)
	case opText, opString:
		return m.text(4)
	case opLongText:
		return m.text(8)
	}
	return nil, ErrRefused
}

// long reads a whole number of up to eight bytes with its sign.
func (m *machine) long() (any, error) {
	n, err := m.byte()
	if err != nil {
		return nil, err
	}
	if n > 8 {
		return nil, fmt.Errorf("a number has %d bytes, expected at most 8", n)
	}
	v, err := m.number(uint64(n))
	if shift := 64 - 8*uint(n); n > 0 {
		return int64(v<<shift) >> shift, err
	}
	return int64(0), err
}

func (m *machine) float() (any, error) {
	b, err := m.bytes(8)
	bits := uint64(0)
	for _, digit := range b {
		bits = bits<<8 | uint64(digit)
	}
	return math.Float64frombits(bits), err
}

// text reads a text whose length has n bytes.
func (m *machine) text(n uint64) (any, error) {
	length, err := m.number(n)
	if err != nil {
		return nil, err
	}
	b, err := m.bytes(length)
	if err == nil && !utf8.Valid(b) {
		err = errors.New("a text is not valid UTF-8")
	}
	return string(b), err
}

func (m *machine) global(op byte) error {
	var g global
	var err error
	if op == opGlobal {
		if g.module, err = m.line(); err == nil {
			g.name, err = m.line()
		}
	} else {
		var name, module any
		if name, err = m.pop(); err == nil {
			module, err = m.pop()
		}
		var isName, isModule bool
		g.name, isName = name.(string)
		g.module, isModule = module.(string)
		if err == nil && (!isName || !isModule) {
			err = errors.New("the name of a global is not a text")
		}
	}
	if err != nil {
		return err
	}
	v, err := resolve(g)
	m.push(v)
	return err
}

// reduce calls a function with a tuple of arguments.
func (m *machine) reduce() error {
	args, err := m.pop()
	if err != nil {
		return err
	}
	f, err := m.pop()
	if err != nil {
		return err
	}
	g, isGlobal := f.(global)
	tuple, isTuple := args.(Tuple)
	call := calls[g]
	if !isGlobal || !isTuple || call == nil {
		return fmt.Errorf("it calls %s with %s: %w", Kind(f), Kind(args), ErrRefused)
	}
	v, err := call(tuple)
	m.push(v)
	return err
}

// build sets attributes. Those of an OrderedDict, such as the versions of modules, say
// nothing about tensors and are dropped.
func (m *machine) build() error {
	state, err := m.pop()
	if err != nil {
		return err
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	_, onDict := target.(*Dict)
	if _, ofDict := state.(*Dict); !onDict || !ofDict {
		return fmt.Errorf("it sets attributes of %s to %s: %w", Kind(target), Kind(state), ErrRefused)
	}
	return nil
}

// remember keeps the value on top of the stack under a number, or brings one back.
func (m *machine) remember(op byte) error {
	at := uint64(len(m.memo))
	var err error
	switch op {
	case opBinPut, opBinGet:
		at, err = m.number(1)
	case opLongBinPut, opLongBinGet:
		at, err = m.number(4)
	}
	if err != nil {
		return err
	}
	if op == opBinGet || op == opLongBinGet {
		v, known := m.memo[uint32(at)]
		if !known {
			return fmt.Errorf("nothing was kept as number %d", at)
		}
		m.push(v)
		return nil
	}
	v, err := m.top()
	m.memo[uint32(at)] = v
	return err
}

func (m *machine) tuple(op byte) error {
	if op == opTuple {
		items, err := m.popMark()
		m.push(Tuple(items))
		return err
	}
	n := 0
	if op != opEmptyTuple {
		n = int(op-opTuple1) + 1
	}
	t := make(Tuple, n)
	for i := n - 1; i >= 0; i-- {
		var err error
		if t[i], err = m.pop(); err != nil {
			return err
		}
	}
	m.push(t)
	return nil
}

// several are the values that an instruction adds to a container: those above the mark,
// or as many as one takes.
func (m *machine) several(marked bool, one int) ([]any, error) {
	if marked {
		return m.popMark()
	}
	items := make([]any, one)
	for i := one - 1; i >= 0; i-- {
		var err error
		if items[i], err = m.pop(); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (m *machine) list(op byte) error {
	if op == opEmptyList {
		m.push(&List{})
		return nil
	}
	items, err := m.several(op == opAppends, 1)
	if err != nil {
		return err
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	list, ok := target.(*List)
	if !ok {
		return fmt.Errorf("it appends to %s: %w", Kind(target), ErrRefused)
	}
	list.Items = append(list.Items, items...)
	return nil
}

func (m *machine) dict(op byte) error {
	if op == opEmptyDict {
		m.push(&Dict{})
		return nil
	}
	items, err := m.several(op == opSetItems, 2)
	if err != nil {
		return err
	}
	target, err := m.top()
	if err != nil {
		return err
	}
	d, ok := target.(*Dict)
	if !ok || len(items)%2 != 0 {
		return fmt.Errorf("it sets items of %s: %w", Kind(target), ErrRefused)
	}
	for i := 0; i < len(items); i += 2 {
		if err := d.set(items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
}
