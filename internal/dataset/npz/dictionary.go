package npz

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// dictionary is what the header of an array says.
type dictionary struct {
	descr   string // "" for a list of fields
	fortran bool
	shape   []int
}

// parseDictionary reads a dictionary with the keys descr, fortran_order and shape, in any
// order.
func parseDictionary(text string) (*dictionary, error) {
	p := &parser{strings.TrimSpace(text)}
	d, seen := &dictionary{}, map[string]bool{}
	if !p.take("{") {
		return nil, errors.New("want a dictionary")
	}
	for !p.take("}") {
		key, err := p.quoted()
		if err != nil {
			return nil, err
		}
		if !p.take(":") || seen[key] {
			return nil, fmt.Errorf("want the key %.20q once, and a colon after it", key)
		}
		seen[key] = true
		if err := d.set(key, p); err != nil {
			return nil, err
		}
		if !p.take(",") && !strings.HasPrefix(p.rest, "}") {
			return nil, fmt.Errorf("want a comma or a brace after the value of %.20q", key)
		}
	}
	if len(seen) != 3 || p.rest != "" {
		return nil, errors.New("want descr, fortran_order and shape, and nothing else")
	}
	return d, nil
}

func (d *dictionary) set(key string, p *parser) (err error) {
	switch key {
	case "descr":
		if strings.HasPrefix(p.rest, "[") {
			return p.skipList()
		}
		if d.descr, err = p.quoted(); err == nil && d.descr == "" {
			err = errors.New("the type is empty")
		}
	case "fortran_order":
		d.fortran = p.take("True")
		if !d.fortran && !p.take("False") {
			err = errors.New("want True or False for fortran_order")
		}
	case "shape":
		d.shape, err = p.tuple()
	default:
		err = fmt.Errorf("unknown key %.20q", key)
	}
	return err
}

// parser takes words from the start of a text; spaces before a word do not count.
type parser struct{ rest string }

func (p *parser) take(word string) bool {
	rest, is := strings.CutPrefix(p.rest, word)
	if is {
		p.rest = strings.TrimLeft(rest, " \n")
	}
	return is
}

// quoted takes a string without escapes.
func (p *parser) quoted() (string, error) {
	if p.rest == "" || p.rest[0] != '\'' && p.rest[0] != '"' {
		return "", errors.New("want a quoted string")
	}
	text, rest, closed := strings.Cut(p.rest[1:], p.rest[:1])
	if !closed || strings.Contains(text, `\`) {
		return "", errors.New("want a quoted string without backslashes")
	}
	p.rest = strings.TrimLeft(rest, " \n")
	return text, nil
}

// tuple takes whole numbers in parentheses. Those of Python 2 may end in L.
func (p *parser) tuple() ([]int, error) {
	if !p.take("(") {
		return nil, errors.New("want a tuple for shape")
	}
	var sizes []int
	for !p.take(")") {
		end := strings.IndexFunc(p.rest, func(r rune) bool { return r < '0' || r > '9' })
		n, err := strconv.ParseInt(p.rest[:max(end, 0)], 10, 63)
		if err != nil {
			return nil, errors.New("want whole numbers for shape")
		}
		sizes, p.rest = append(sizes, int(n)), p.rest[end:]
		p.take("L")
		if p.rest = strings.TrimLeft(p.rest, " \n"); !p.take(",") && !strings.HasPrefix(p.rest, ")") {
			return nil, errors.New("want commas between the numbers of shape")
		}
	}
	return sizes, nil
}

// skipList leaves out a list in brackets, which may hold others.
func (p *parser) skipList() error {
	depth := 0
	for i, r := range p.rest {
		switch r {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				p.rest = strings.TrimLeft(p.rest[i+1:], " \n")
				return nil
			}
		}
	}
	return errors.New("a list is not closed")
}
