package pickle

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func load(s string) (any, error) { return NewReader(strings.NewReader(s)).Next() }

// storageID is a persistent id: a storage of four float32 values called "0".
const storageID = "(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"

const rebuild = "ctorch._utils\n_rebuild_tensor_v2\n"

func TestValues(t *testing.T) {
	storage := &Storage{"0", Dtype{"float32", 4, true}, 4}
	for name, c := range map[string]struct {
		pickle string
		want   any
	}{
		"none":         {"\x80\x02N.", nil},
		"truth values": {"\x80\x02\x88\x89\x86.", Tuple{true, false}},
		"numbers":      {"\x80\x02(K\xffM\xff\xffJ\xff\xff\xff\xfft.", Tuple{int64(255), int64(65535), int64(-1)}},
		"long":         {"\x80\x02(\x8a\x00\x8a\x01\xff\x8a\x05\x00\x00\x00\x00\x01t.", Tuple{int64(0), int64(-1), int64(1) << 32}},
		"float":        {"\x80\x02G?\xf8\x00\x00\x00\x00\x00\x00.", 1.5},
		"texts":        {"\x80\x04(X\x01\x00\x00\x00a\x8c\x02\xc3\xa9\x8d\x01\x00\x00\x00\x00\x00\x00\x00bT\x01\x00\x00\x00cU\x01dt.", Tuple{"a", "é", "b", "c", "d"}},
		"list":         {"\x80\x02](K\x01K\x02eK\x03a.", &List{[]any{int64(1), int64(2), int64(3)}}},
		"dict":         {"\x80\x02}(K\x01NX\x01\x00\x00\x00aNu\x88Ns.", &Dict{Keys: []any{int64(1), "a", true}, Values: []any{nil, nil, nil}}},
		"ordered dict": {"\x80\x02ccollections\nOrderedDict\n)RX\x01\x00\x00\x00aK\x01s}b.", &Dict{Keys: []any{"a"}, Values: []any{int64(1)}}},
		"of Python 2":  {"\x80\x02ccollections\nOrderedDict\n]](U\x01aK\x01ea\x85R.", &Dict{Keys: []any{"a"}, Values: []any{int64(1)}}},
		"memo":         {"\x80\x04]\x94q\x05h\x05j\x05\x00\x00\x00\x87.", Tuple{&List{}, &List{}, &List{}}},
		"size":         {"\x80\x02ctorch\nSize\nK\x02\x85\x85R.", Tuple{int64(2)}},
		"stack global": {"\x80\x04\x8c\x05torch\x8c\x04Size\x93)\x85R.", Tuple{}},
		"storage":      {"\x80\x02" + storageID + ".", storage},
		"tensor":       {"\x80\x02" + rebuild + "(" + storageID + "K\x01K\x03\x85K\x01\x85\x89NtR.", &Tensor{storage, 1, []int{3}, []int64{1}}},
		"scalar":       {"\x80\x02" + rebuild + "(" + storageID + "K\x03))\x89NtR.", &Tensor{storage, 3, nil, nil}},
		"no values":    {"\x80\x02" + rebuild + "(" + storageID + "K\x04K\x00\x85K\x01\x85\x89NtR.", &Tensor{storage, 4, []int{0}, []int64{1}}},
		"strides of 0": {"\x80\x02" + rebuild + "(" + storageID + "K\x03K\x64\x85K\x00\x85\x89NtR.", &Tensor{storage, 3, []int{100}, []int64{0}}},
		"parameter":    {"\x80\x02ctorch._utils\n_rebuild_parameter\n(" + rebuild + "(" + storageID + "K\x00))\x89NtR\x88NtR.", &Tensor{storage, 0, nil, nil}},
	} {
		got, err := load(c.pickle)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got, cmpopts.IgnoreUnexported(Dict{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// view is a tensor with an offset, a shape and a stride of one dimension.
func view(offset, shape, stride string) string {
	return "\x80\x02" + rebuild + "(" + storageID + offset + shape + "\x85" + stride + "\x85\x89NtR."
}

func TestRefusals(t *testing.T) {
	text := func(n int) string {
		return "X" + string([]byte{byte(n), byte(n >> 8), byte(n >> 16), 0}) + strings.Repeat("a", n)
	}
	for name, c := range map[string]struct{ pickle, want string }{
		"system":               {"\x80\x02cos\nsystem\nU\x02ls\x85R.", `it asks for "os.system"`},
		"builtin":              {"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.", `it asks for "builtins.eval"`},
		"storage elsewhere":    {"\x80\x02cnumpy\nFloatStorage\n.", `it asks for "numpy.FloatStorage"`},
		"call of a class":      {"\x80\x02ctorch\nFloatStorage\n)R.", "it calls the global torch.FloatStorage"},
		"call of a list":       {"\x80\x02])R.", "it calls a list with a tuple"},
		"call with a list":     {"\x80\x02ctorch\nSize\n]R.", "it calls the global torch.Size with a list"},
		"size of a list":       {"\x80\x02ctorch\nSize\n]\x85R.", "something else than a tuple"},
		"complex":              {"\x80\x02ctorch\nComplexFloatStorage\n.", "complex numbers (torch.ComplexFloatStorage)"},
		"quantised":            {"\x80\x02ctorch._utils\n_rebuild_qtensor\n.", "a quantised tensor"},
		"sparse":               {"\x80\x02ctorch._utils\n_rebuild_sparse_tensor\n.", "a sparse tensor"},
		"global alone":         {"\x80\x02ctorch\nSize\n.", "is a function or class"},
		"long global":          {"\x80\x02c" + strings.Repeat("a", 300) + "\nb\n.", "a name is longer than 256 bytes"},
		"INST":                 {"\x80\x02(ios\nsystem\n.", "instruction INST: only tensors"},
		"OBJ":                  {"\x80\x02(o.", "instruction OBJ: only tensors"},
		"NEWOBJ":               {"\x80\x02)\x81.", "instruction NEWOBJ: only tensors"},
		"EXT1":                 {"\x80\x02\x82\x01.", "instruction EXT1: only tensors"},
		"persistent text":      {"\x80\x02Pabc\n.", "instruction PERSID: only tensors"},
		"bytes":                {"\x80\x04C\x01a.", "instruction SHORT_BINBYTES: only tensors"},
		"set":                  {"\x80\x04\x8f.", "instruction EMPTY_SET: only tensors"},
		"unknown instruction":  {"\x80\x02\xff.", "unknown instruction 0xff"},
		"version":              {"\x80\x06N.", "version 6 of the pickle format"},
		"build a list":         {"\x80\x02]}b.", "it sets attributes of a list"},
		"build with a tuple":   {"\x80\x02})b.", "it sets attributes of a dict to a tuple"},
		"append to a dict":     {"\x80\x02}Na.", "it appends to a dict"},
		"set items of a list":  {"\x80\x02]NNs.", "it sets items of a list"},
		"odd items":            {"\x80\x02}(NNNu.", "it sets items of a dict"},
		"key twice":            {"\x80\x02}(K\x01NK\x01Nu.", `has the key "1" twice`},
		"list as a key":        {"\x80\x02}]Ns.", "a dict has a list as a key"},
		"NaN as a key":         {"\x80\x02}G\x7f\xf8\x00\x00\x00\x00\x00\x00Ns.", "NaN as a key"},
		"empty":                {"", "unexpected EOF"},
		"no end":               {"\x80\x02N", "unexpected EOF"},
		"cut text":             {"\x80\x02X\x05\x00\x00\x00a", "unexpected EOF"},
		"empty stack":          {"\x80\x02.", "ends with 0 values"},
		"two values":           {"\x80\x02NN.", "ends with 2 values"},
		"mark left":            {"\x80\x02N(.", "and 1 marks"},
		"tuple beyond mark":    {"\x80\x02NN(\x86.", "lacks a value"},
		"no mark":              {"\x80\x02NNt.", "no mark is on the stack"},
		"reduce nothing":       {"\x80\x02R.", "lacks a value"},
		"put nothing":          {"\x80\x02q\x00.", "lacks a value"},
		"get nothing":          {"\x80\x02h\x07.", "nothing was kept as number 7"},
		"text not UTF-8":       {"\x80\x02U\x01\xff.", "not valid UTF-8"},
		"long text":            {"\x80\x02" + text(1<<16+1) + ".", "a text of 65537 bytes"},
		"text beyond":          {"\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff.", "longer than 8388608 bytes"},
		"large number":         {"\x80\x02\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.", "has 9 bytes"},
		"id of a text":         {"\x80\x02NQ.", "not that of a whole storage"},
		"id of a view":         {"\x80\x02" + strings.Replace(storageID, "tQ", "NN\x86tQ", 1) + ".", "not that of a whole storage"},
		"id of numbers":        {"\x80\x02(X\x07\x00\x00\x00storageK\x01K\x01K\x01K\x01tQ.", "not the form of a storage's"},
		"negative storage":     {"\x80\x02" + strings.Replace(storageID, "K\x04t", "J\xff\xff\xff\xfft", 1) + ".", `has -1 values`},
		"storage of two sizes": {"\x80\x02" + storageID + strings.Replace(storageID, "K\x04t", "K\x05t", 1) + "\x86.", `storage "0" is 4 values of float32 in one place and 5`},
		"storage of two types": {"\x80\x02" + storageID + strings.Replace(storageID, "Float", "Half", 1) + "\x86.", "and 4 of float16 in another"},
		"meta":                 {"\x80\x02" + strings.Replace(storageID, "\x03\x00\x00\x00cpu", "\x04\x00\x00\x00meta", 1) + ".", "without values"},
		"beyond the storage":   {view("K\x02", "K\x03", "K\x01"), "reaches beyond its storage of 4 values"},
		"stride beyond":        {view("K\x00", "K\x03", "K\x02"), "reaches beyond"},
		"offset beyond":        {view("K\x05", "K\x00", "K\x01"), "begins at value 5 of a storage of 4"},
		"offset negative":      {view("J\xff\xff\xff\xff", "K\x01", "K\x01"), "begins at value -1"},
		"offset overflow":      {view("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\x02", "K\x01"), "begins at value"},
		"shape negative":       {view("K\x00", "J\xff\xff\xff\xff", "K\x01"), "dimension -1"},
		"stride negative":      {view("K\x00", "K\x01", "J\xff\xff\xff\xff"), "stride -1"},
		"shape overflow":       {view("K\x00", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "K\x00"), "expected numbers from 0"},
		"many values":          {"\x80\x02" + rebuild + "(" + storageID + "K\x00(M\xff\xffM\xff\xfft(K\x00K\x00t\x89NtR.", "more than 2147483647 values"},
		"shape of texts":       {view("K\x00", "N", "K\x01"), "has None in it"},
		"ranks differ":         {"\x80\x02" + rebuild + "(" + storageID + "K\x00K\x01\x85)\x89NtR.", "1 dimensions and 0 strides"},
		"high rank":            {"\x80\x02" + rebuild + "(" + storageID + "K\x00(" + strings.Repeat("K\x01", 33) + "t(" + strings.Repeat("K\x01", 33) + "t\x89NtR.", "33 dimensions"},
		"tensor of a list":     {"\x80\x02" + rebuild + "(]K\x00))\x89NtR.", "expected a storage and a number"},
		"tensor of little":     {"\x80\x02" + rebuild + ")R.", "made of 0 arguments"},
		"parameter of a list":  {"\x80\x02ctorch._utils\n_rebuild_parameter\n]\x85R.", "something else than a tensor"},
		"negated view":         {"\x80\x02" + rebuild + "(" + storageID + "K\x00))\x89N}X\x03\x00\x00\x00neg\x88stR.", "negated view"},
	} {
		_, err := load(c.pickle)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if _, err := load("\x80\x02cos\nsystem\n."); !errors.Is(err, ErrRefused) {
		t.Errorf("error %v, want one that is ErrRefused", err)
	}
}

// TestBounds reads pickles that would take much memory or never end, and measures.
func TestBounds(t *testing.T) {
	const most = 64 << 20
	repeat := func(s string) io.Reader {
		return io.MultiReader(strings.NewReader("\x80\x02"), &endless{text: s})
	}
	for name, c := range map[string]struct {
		r    io.Reader
		want string
	}{
		"stack":          {repeat("}"), "wait on the stack"},
		"marks":          {repeat("("), "or 256 marks"},
		"depth":          {repeat("]\x85\x85\x85\x85"), "more than 262144 instructions"},
		"nested tuples":  {io.MultiReader(strings.NewReader("\x80\x02N"), &endless{text: "\x85"}), "more than 262144 instructions"},
		"memo":           {io.MultiReader(strings.NewReader("\x80\x04]"), &endless{text: "\x94"}), "more than 262144 instructions"},
		"memo bomb":      {io.MultiReader(strings.NewReader("\x80\x04]"), &endless{text: "\x94](h\x00h\x00h\x00h\x00h\x00e"}), "more than 262144 instructions"},
		"full dicts":     {io.MultiReader(strings.NewReader("\x80\x02]"), &endless{text: "}K\x01Nsa"}), "more than 262144 instructions"},
		"texts":          {io.MultiReader(strings.NewReader("\x80\x02]"), &endless{text: "X\x00\x01\x00\x00" + strings.Repeat("a", 256) + "a"}), "longer than 8388608 bytes"},
		"large texts":    {io.MultiReader(strings.NewReader("\x80\x02]"), &endless{text: "X\x00\x00\x01\x00" + strings.Repeat("a", 1<<16) + "a"}), "longer than 8388608 bytes"},
		"numbers":        {io.MultiReader(strings.NewReader("\x80\x02]"), &endless{text: "G?\xf8\x00\x00\x00\x00\x00\x00a"}), "more than 262144 instructions"},
		"ordered dicts":  {io.MultiReader(strings.NewReader("\x80\x02]ccollections\nOrderedDict\nq\x01"), &endless{text: "h\x01)Rq\x02h\x02"}), "wait on the stack"},
		"self-reference": {io.MultiReader(strings.NewReader("\x80\x02]q\x00"), &endless{text: "h\x00a"}), "more than 262144 instructions"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := NewReader(c.r).Next()
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
		if taken := after.TotalAlloc - before.TotalAlloc; taken > most {
			t.Errorf("%s: %d bytes were taken, expected at most %d", name, taken, most)
		}
	}
}

// endless gives a text again and again.
type endless struct {
	text string
	at   int
}

// Read implements io.Reader.
func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

// TestListOfItself reads a list that holds itself, which nobody may walk.
func TestListOfItself(t *testing.T) {
	v, err := load("\x80\x02]q\x00h\x00a.")
	list, is := v.(*List)
	if err != nil || !is || len(list.Items) != 1 || list.Items[0] != any(list) {
		t.Errorf("got %T, %v", v, err)
	}
}

func TestSeveralPickles(t *testing.T) {
	r := NewReader(strings.NewReader("\x80\x02K\x01.\x80\x02" + storageID + ".rest"))
	for range 2 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := r.Consumed(), int64(len("\x80\x02K\x01.\x80\x02"+storageID+".")); got != want {
		t.Errorf("%d bytes consumed, want %d", got, want)
	}
	if s := r.Storages(); len(s) != 1 || s[0].Key != "0" || s[0].Bytes() != 16 {
		t.Errorf("storages %v", s)
	}
}

// FuzzNext looks for a pickle that the machine does not end with, in good order.
func FuzzNext(f *testing.F) {
	f.Add([]byte("\x80\x02" + rebuild + "(" + storageID + "K\x01K\x03\x85K\x01\x85\x89NtR."))
	f.Add([]byte("\x80\x02ccollections\nOrderedDict\n]](U\x01aK\x01ea\x85R."))
	f.Add([]byte("\x80\x04}(\x8c\x01a](K\x01G?\xf8\x00\x00\x00\x00\x00\x00\x8a\x01\xffe\x94\x88Nu}b."))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := NewReader(strings.NewReader(string(b)))
		for range 3 {
			v, err := r.Next()
			if err != nil {
				break
			}
			if tensor, is := v.(*Tensor); is {
				last := tensor.Offset
				for i, d := range tensor.Shape {
					last += max(int64(d)-1, 0) * tensor.Stride[i]
				}
				if n := tensor.Elements(); n < 0 || n > MaxElements || n > 0 && last >= tensor.Storage.Elements {
					t.Fatalf("%v reaches beyond its storage %v", tensor, tensor.Storage)
				}
			}
			_ = Kind(v)
		}
		if r.Consumed() > int64(len(b)) {
			t.Fatalf("%d bytes consumed of %d", r.Consumed(), len(b))
		}
	})
}
