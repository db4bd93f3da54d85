package pbtxt

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// parser reads messages. Its errors have the words of protobuf's TextFormat::Parser.
type parser struct {
	lexer   lexer
	at      token    // the one that is looked at
	name    string   // of the field that was read last
	without []string // fields that are not known
}

func (p *parser) advance() error {
	t, err := p.lexer.next()
	p.at = t
	return err
}

func (p *parser) fail(format string, args ...any) error {
	return &Error{Line: p.at.line + 1, Column: p.at.column + 1, Text: fmt.Sprintf(format, args...)}
}

// is says whether a symbol is looked at.
func (p *parser) is(symbol string) bool {
	return p.at.kind != tokenString && p.at.kind != tokenEnd && p.at.text == symbol
}

// try passes over a symbol if it is there.
func (p *parser) try(symbol string) (bool, error) {
	if !p.is(symbol) {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) want(symbol string) error {
	if !p.is(symbol) {
		return p.fail("Expected \"%s\", found \"%s\".", symbol, p.at.text)
	}
	return p.advance()
}

// message reads the fields of a message up to its closing symbol, or to the end of the
// text where that is empty.
func (p *parser) message(v reflect.Value, closing string) error {
	s := schemaOf(v.Type())
	seen, chosen := map[string]bool{}, map[string]string{}
	for {
		switch {
		case closing == "" && p.at.kind == tokenEnd:
			return nil
		case closing != "" && (p.is("}") || p.is(">")):
			return p.want(closing)
		}
		f, err := p.fieldName(s)
		if err != nil {
			return err
		}
		if err := p.checkOnce(v.Field(f.index), f, seen, chosen); err != nil {
			return err
		}
		if err := p.field(f, v.Field(f.index)); err != nil {
			return err
		}
		if p.is(";") || p.is(",") {
			if err := p.advance(); err != nil {
				return err
			}
		}
	}
}

func (p *parser) fieldName(s *schema) (field, error) {
	if p.at.kind != tokenIdentifier {
		return field{}, p.fail("Expected identifier, got: %s", p.at.text)
	}
	name := p.at.text
	if err := p.advance(); err != nil {
		return field{}, err
	}
	p.name = name
	f, known := s.fields[name]
	if !known || slices.Contains(p.without, name) {
		return field{}, p.fail("Message type \"%s\" has no field named \"%s\".", s.name, name)
	}
	return f, nil
}

// checkOnce refuses what is set twice, and a second member of a oneof.
func (p *parser) checkOnce(v reflect.Value, f field, seen map[string]bool, chosen map[string]string) error {
	repeated := v.Kind() == reflect.Slice || v.Kind() == reflect.Map
	switch other, taken := chosen[f.oneof]; {
	case seen[f.name] && !repeated:
		return p.fail("Non-repeated field \"%s\" is specified multiple times.", f.name)
	case taken && f.oneof != "":
		return p.fail("Field \"%s\" is specified along with field \"%s\", another member of oneof \"%s\".", f.name, other, f.oneof)
	}
	seen[f.name], chosen[f.oneof] = true, f.name
	return nil
}

// field reads what follows the name of a field: one value, or a list of them.
func (p *parser) field(f field, v reflect.Value) error {
	colon, err := p.try(":")
	switch {
	case err != nil:
		return err
	case !colon && !takesMessage(v.Type()):
		return p.want(":")
	case v.Kind() != reflect.Slice && v.Kind() != reflect.Map:
		return p.value(v)
	}
	if list, err := p.try("["); err != nil || !list {
		if err != nil {
			return err
		}
		return p.element(f, v)
	}
	if empty, err := p.try("]"); err != nil || empty {
		return err
	}
	for {
		if err := p.element(f, v); err != nil {
			return err
		}
		if done, err := p.try("]"); err != nil || done {
			return err
		}
		if err := p.want(","); err != nil {
			return err
		}
	}
}

// takesMessage says whether a field's values are messages, after whose name the colon
// may be left out. The entries of a map are messages.
func takesMessage(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Map:
		return true
	case reflect.Pointer, reflect.Slice:
		return takesMessage(t.Elem())
	}
	return t.Kind() == reflect.Struct
}

// element reads one value of a slice or map.
func (p *parser) element(f field, v reflect.Value) error {
	if v.Kind() == reflect.Map {
		return p.entry(f, v)
	}
	one := reflect.New(v.Type().Elem()).Elem()
	if err := p.value(one); err != nil {
		return err
	}
	v.Set(reflect.Append(v, one))
	return nil
}

// entry reads an entry of a map. Of two with the same key the last counts.
func (p *parser) entry(f field, v reflect.Value) error {
	entry := reflect.New(f.entry).Elem()
	if err := p.value(entry); err != nil {
		return err
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	v.SetMapIndex(entry.Field(1), entry.Field(2))
	return nil
}

// value reads one value.
func (p *parser) value(v reflect.Value) error {
	if enum, is := v.Interface().(Enum); is && v.Kind() == reflect.Int32 {
		return p.enum(v, enum.Names())
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return p.value(v.Elem())
	case reflect.Struct:
		return p.nested(v)
	case reflect.String:
		return p.text(v)
	case reflect.Bool:
		return p.boolean(v)
	case reflect.Float32, reflect.Float64:
		return p.float(v)
	case reflect.Int32, reflect.Int64:
		n, err := p.signed(1<<(v.Type().Bits()-1) - 1)
		v.SetInt(n)
		return err
	}
	n, err := p.unsigned(math.MaxUint64 >> (64 - v.Type().Bits()))
	v.SetUint(n)
	return err
}

func (p *parser) nested(v reflect.Value) error {
	if angle, err := p.try("<"); err != nil || angle {
		if err != nil {
			return err
		}
		return p.message(v, ">")
	}
	if err := p.want("{"); err != nil {
		return err
	}
	return p.message(v, "}")
}

// text reads a string, or several that stand beside each other and are one.
func (p *parser) text(v reflect.Value) error {
	if p.at.kind != tokenString {
		return p.fail("Expected string, got: %s", p.at.text)
	}
	var b strings.Builder
	for p.at.kind == tokenString {
		b.WriteString(unquote(p.at.text))
		if err := p.advance(); err != nil {
			return err
		}
	}
	v.SetString(b.String())
	return nil
}

func (p *parser) boolean(v reflect.Value) error {
	if p.at.kind == tokenInteger {
		n, err := p.unsigned(1)
		v.SetBool(n == 1)
		return err
	}
	if p.at.kind != tokenIdentifier {
		return p.fail("Expected identifier, got: %s", p.at.text)
	}
	name := p.at.text
	if err := p.advance(); err != nil {
		return err
	}
	switch name {
	case "true", "True", "t":
		v.SetBool(true)
	case "false", "False", "f":
	default:
		return p.fail("Invalid value for boolean field \"%s\". Value: \"%s\".", p.name, name)
	}
	return nil
}

func (p *parser) enum(v reflect.Value, names []string) error {
	if p.at.kind == tokenInteger || p.is("-") {
		n, err := p.signed(math.MaxInt32)
		v.SetInt(n)
		return err
	}
	if p.at.kind != tokenIdentifier {
		return p.fail("Expected integer or identifier, got: %s", p.at.text)
	}
	name := p.at.text
	if err := p.advance(); err != nil {
		return err
	}
	for number, known := range names {
		if known == name {
			v.SetInt(int64(number))
			return nil
		}
	}
	return p.fail("Unknown enumeration value of \"%s\" for field \"%s\".", name, p.name)
}

// signed reads an integer from -most-1 to most.
func (p *parser) signed(most uint64) (int64, error) {
	negative, err := p.try("-")
	if err != nil {
		return 0, err
	}
	if negative {
		most++
	}
	n, err := p.unsigned(most)
	if negative {
		return int64(-n), err
	}
	return int64(n), err
}

func (p *parser) unsigned(most uint64) (uint64, error) {
	if p.at.kind != tokenInteger {
		return 0, p.fail("Expected integer, got: %s", p.at.text)
	}
	n, err := strconv.ParseUint(p.at.text, 0, 64)
	if err != nil || n > most {
		return 0, p.fail("Integer out of range (%s)", p.at.text)
	}
	return n, p.advance()
}

func (p *parser) float(v reflect.Value) error {
	negative, err := p.try("-")
	if err != nil {
		return err
	}
	var f float64
	switch name := strings.ToLower(p.at.text); {
	case p.at.kind == tokenInteger || p.at.kind == tokenFloat:
		f, _ = strconv.ParseFloat(strings.TrimSuffix(name, "f"), 64)
	case p.at.kind == tokenIdentifier && (name == "inf" || name == "infinity"):
		f = math.Inf(1)
	case p.at.kind == tokenIdentifier && name == "nan":
		f = math.NaN()
	default:
		return p.fail("Expected double, got: %s", p.at.text)
	}
	if negative {
		f = -f
	}
	v.SetFloat(f)
	return p.advance()
}
