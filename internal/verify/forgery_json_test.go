package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// node is a value of a JSON text with its place there.
type node struct {
	path       string // "criteria[max_model_size_mb].measured"; elements with a name have that as index
	value      json.Token
	start, end int // of the value
	members    []member
	array      bool
	object     bool
}

type member struct {
	key        string
	start, end int // of key and value
	node       *node
}

// parsed is the JSON text in b from an offset on.
type parsed struct {
	b []byte
	d *json.Decoder
}

func parseNodes(b []byte) (*node, error) {
	p := &parsed{b, json.NewDecoder(bytes.NewReader(b))}
	p.d.UseNumber()
	return p.value("")
}

// begin is where the next token begins.
func (p *parsed) begin() int {
	at := int(p.d.InputOffset())
	for at < len(p.b) && strings.ContainsRune(" \t\r\n,:", rune(p.b[at])) {
		at++
	}
	return at
}

func (p *parsed) value(where string) (*node, error) {
	n := &node{path: where, start: p.begin()}
	token, err := p.d.Token()
	if err != nil {
		return nil, err
	}
	n.value = token
	switch token {
	case json.Delim('{'):
		n.object = true
	case json.Delim('['):
		n.array = true
	}
	for (n.object || n.array) && p.d.More() {
		m := member{start: p.begin()}
		below := fmt.Sprintf("%s[%d]", where, len(n.members))
		if n.object {
			key, err := p.d.Token()
			if err != nil {
				return nil, err
			}
			m.key = key.(string)
			below = strings.TrimPrefix(where+"."+m.key, ".")
			if strings.Contains(m.key, ".") {
				below = where + "[" + m.key + "]"
			}
		}
		if m.node, err = p.value(below); err != nil {
			return nil, err
		}
		m.end = m.node.end
		n.members = append(n.members, m)
	}
	if n.object || n.array {
		if _, err := p.d.Token(); err != nil {
			return nil, err
		}
	}
	n.end = int(p.d.InputOffset())
	return n, nil
}

// each visits a node and all below it, with the names of elements in their paths.
func (n *node) each(visit func(n *node)) {
	n.name("", n.path)
	n.visit(visit)
}

func (n *node) visit(visit func(n *node)) {
	visit(n)
	for _, m := range n.members {
		m.node.visit(visit)
	}
}

// name gives elements that have a name that as their index.
func (n *node) name(was, is string) {
	n.path = is + strings.TrimPrefix(n.path, was)
	for i, m := range n.members {
		before, after := m.node.path, n.path+strings.TrimPrefix(m.node.path, was)
		if n.array {
			after = fmt.Sprintf("%s[%d]", n.path, i)
			for _, own := range m.node.members {
				if name, is := own.node.value.(string); is && own.key == "name" {
					after = fmt.Sprintf("%s[%s]", n.path, name)
				}
			}
		}
		m.node.name(before, after)
	}
}

// edit is a text in the place of another.
type edit struct {
	what       string
	path       string
	start, end int
	text       string
}

func (e edit) apply(b []byte) []byte {
	return append(append(bytes.Clone(b[:e.start]), e.text...), b[e.end:]...)
}

// edits are what a forger may do to a JSON text: every value is replaced by others that
// it might have, every key and element removed, and something added everywhere.
func edits(b []byte) ([]edit, error) {
	top, err := parseNodes(b)
	if err != nil {
		return nil, err
	}
	var all []edit
	top.each(func(n *node) {
		for _, text := range otherValues(n.value) {
			all = append(all, edit{"becomes " + text, n.path, n.start, n.end, text})
		}
		for i, m := range n.members {
			start, end := m.start, m.end
			if i+1 < len(n.members) {
				end = n.members[i+1].start
			} else if i > 0 {
				start = n.members[i-1].end
			}
			if n.object || i == len(n.members)-1 {
				all = append(all, edit{"is removed", m.node.path, start, end, ""})
			}
		}
		switch {
		case n.object:
			all = append(all, edit{"gets a key", n.path, n.start + 1, n.start + 1, separated(`"added": 1`, n)})
		case n.array && len(n.members) > 0:
			last := n.members[len(n.members)-1].node
			all = append(all, edit{"gets its last element again", n.path, last.end, last.end, "," + string(b[last.start:last.end])})
		}
	})
	return all, nil
}

func separated(text string, n *node) string {
	if len(n.members) > 0 {
		return text + ","
	}
	return text
}

var digestText = regexp.MustCompile(`^[0-9a-f]{64}$`)

// otherValues are values that might stand in the place of one.
func otherValues(value json.Token) []string {
	switch v := value.(type) {
	case bool:
		return []string{strconv.FormatBool(!v)}
	case nil:
		return []string{"0"}
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return []string{strconv.FormatInt(i+1, 10), strconv.FormatInt(i-1, 10)}
		}
		f, _ := v.Float64()
		return []string{strconv.FormatFloat(f*1.01, 'g', -1, 64), strconv.FormatFloat(f*0.99, 'g', -1, 64)}
	case string:
		return otherTexts(v)
	}
	return nil
}

func otherTexts(v string) []string {
	quoted := func(s string) string { return strconv.Quote(s) }
	switch i, err := strconv.ParseInt(v, 10, 64); {
	case digestText.MatchString(v):
		other := "0"
		if strings.HasPrefix(v, "0") {
			other = "1"
		}
		return []string{quoted(other + v[1:])}
	case err == nil:
		return []string{quoted(strconv.FormatInt(i+1, 10)), quoted(v + "x")}
	case v == "":
		return []string{quoted("x")}
	case path.Ext(v) == "" && len(v) >= 20 && strings.Contains(v, "T") && strings.HasSuffix(v, "Z"):
		return []string{quoted("2001-02-03T04:05:06Z")}
	}
	if f, err := strconv.ParseFloat(v, 64); err == nil {
		return []string{quoted(strconv.FormatFloat(f*0.5, 'g', -1, 64))}
	}
	others := []string{quoted(v + "x")}
	if v == "true" || v == "false" {
		others = append(others, quoted(strconv.FormatBool(v == "false")))
	}
	return others
}
