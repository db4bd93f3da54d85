package pickle

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// Limits of one pickle. A training checkpoint of a network with 300 tensors, with the
// state of its optimizer, has some 40,000 instructions and 100 KB.
const (
	MaxBytes  = 8 << 20
	maxSteps  = 1 << 18
	maxStack  = 1 << 16
	maxMarks  = 1 << 8
	maxLength = 1 << 16 // of a text
)

// Reader reads pickles that follow each other in one stream.
type Reader struct {
	storages map[string]*Storage
	order    []*Storage

	r    *bufio.Reader
	read int64 // bytes of all pickles
}

// NewReader reads pickles from r. It may take more bytes from r than it needs.
func NewReader(r io.Reader) *Reader {
	return &Reader{storages: map[string]*Storage{}, r: bufio.NewReader(r)}
}

// Consumed is how many bytes the pickles took that were read.
func (r *Reader) Consumed() int64 { return r.read }

// Storages are the storages that the pickles named, in the order in which they came.
func (r *Reader) Storages() []*Storage { return r.order }

// Next reads one pickle and returns what it builds.
func (r *Reader) Next() (any, error) {
	m := &machine{Reader: r, begin: r.read, memo: map[uint32]any{}}
	for range maxSteps {
		at := r.read - m.begin
		op, err := m.byte()
		if err != nil {
			return nil, fmt.Errorf("the pickle at byte %d: cannot read the next instruction: %w", at, err)
		}
		if op == opStop {
			return m.result()
		}
		if err := m.step(op); err != nil {
			return nil, fmt.Errorf("the pickle at byte %d, %s: %w", at, nameOf(op), err)
		}
		if len(m.stack) > maxStack || len(m.marks) > maxMarks {
			return nil, fmt.Errorf("the pickle at byte %d: more than %d values or %d marks wait on the stack", at, maxStack, maxMarks)
		}
	}
	return nil, fmt.Errorf("the pickle has more than %d instructions", maxSteps)
}

// machine is the state of one pickle.
type machine struct {
	*Reader
	begin int64
	stack []any
	marks []int // heights of the stack
	memo  map[uint32]any
}

func (m *machine) result() (any, error) {
	if len(m.stack) != 1 || len(m.marks) > 0 {
		return nil, fmt.Errorf("the pickle ends with %d values and %d marks on the stack, expected one value", len(m.stack), len(m.marks))
	}
	if _, is := m.stack[0].(global); is {
		return nil, errors.New("the pickle is a function or class, expected a container")
	}
	return m.stack[0], nil
}

func (m *machine) byte() (byte, error) {
	if m.read-m.begin >= MaxBytes {
		return 0, errLong
	}
	b, err := m.r.ReadByte()
	if err != nil {
		return 0, cut(err)
	}
	m.read++
	return b, nil
}

var errLong = fmt.Errorf("it is longer than %d bytes", MaxBytes)

// cut is the error of a pickle that ends too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// bytes reads n bytes of the pickle, which are counted before memory is taken.
func (m *machine) bytes(n uint64) ([]byte, error) {
	if left := uint64(MaxBytes - (m.read - m.begin)); n > left {
		return nil, errLong
	}
	if n > maxLength {
		return nil, fmt.Errorf("it has a text of %d bytes, expected at most %d", n, maxLength)
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(m.r, b); err != nil {
		return nil, cut(err)
	}
	m.read += int64(n)
	return b, nil
}

// number reads a little-endian number of n bytes, without sign.
func (m *machine) number(n uint64) (uint64, error) {
	b, err := m.bytes(n)
	v := uint64(0)
	for i, digit := range b {
		v |= uint64(digit) << (8 * i)
	}
	return v, err
}

// line reads to the end of a line, which is left out.
func (m *machine) line() (string, error) {
	const most = 256
	var text []byte
	for len(text) < most {
		c, err := m.byte()
		switch {
		case err != nil:
			return "", err
		case c == '\n':
			return string(text), nil
		}
		text = append(text, c)
	}
	return "", fmt.Errorf("a name is longer than %d bytes", most)
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

var errEmpty = errors.New("the stack lacks a value that the instruction needs")

// floor is the height of the stack below which no instruction reaches: that of the last mark.
func (m *machine) floor() int {
	if len(m.marks) == 0 {
		return 0
	}
	return m.marks[len(m.marks)-1]
}

func (m *machine) pop() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, errEmpty
	}
	top := len(m.stack) - 1
	v := m.stack[top]
	m.stack = m.stack[:top]
	return v, nil
}

func (m *machine) top() (any, error) {
	if len(m.stack) <= m.floor() {
		return nil, errEmpty
	}
	return m.stack[len(m.stack)-1], nil
}

// popMark takes what lies above the last mark, and the mark.
func (m *machine) popMark() ([]any, error) {
	if len(m.marks) == 0 {
		return nil, errors.New("no mark is on the stack")
	}
	height := m.floor()
	m.marks = m.marks[:len(m.marks)-1]
	items := append([]any(nil), m.stack[height:]...)
	m.stack = m.stack[:height]
	return items, nil
}

// storage is what a persistent id names: ("storage", class, key, device, elements), and
// in old files a view of a part, which is None.
func (m *machine) storage(id any) (*Storage, error) {
	t, _ := id.(Tuple)
	if len(t) != 5 && (len(t) != 6 || t[5] != nil) || len(t) > 0 && t[0] != "storage" {
		return nil, fmt.Errorf("a persistent id is not that of a whole storage: %w", ErrRefused)
	}
	class, isGlobal := t[1].(global)
	key, isText := t[2].(string)
	device, isPlace := t[3].(string)
	elements, isNumber := t[4].(int64)
	dtype, isStorage := storageTypes[class.name]
	switch {
	case !isGlobal || !isText || !isPlace || !isNumber || !isStorage || class.module != "torch":
		return nil, errors.New("a persistent id has not the form of a storage's")
	case device == "meta":
		return nil, errors.New("it holds a tensor without values (device meta)")
	case elements < 0 || elements > MaxElements:
		return nil, fmt.Errorf("storage %.50q has %d values, expected from 0 to %d", key, elements, MaxElements)
	}
	s := &Storage{key, dtype, elements}
	if before, known := m.storages[key]; known {
		if *before != *s {
			return nil, fmt.Errorf("storage %.50q is %d values of %s in one place and %d of %s in another", key, before.Elements, before.Dtype.Name, elements, dtype.Name)
		}
		return before, nil
	}
	m.storages[key] = s
	m.order = append(m.order, s)
	return s, nil
}
