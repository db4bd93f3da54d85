package onnxfile

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed operators.txt
var operatorsText string

// operator has the versions of the operator set from which an operator is there and, if
// not 0, deprecated.
type operator struct{ since, deprecated int64 }

// operators reads the table of ONNX's own operators.
func operators() map[string]operator {
	table := map[string]operator{}
	for line := range strings.Lines(operatorsText) {
		var name string
		var o operator
		if n, _ := fmt.Sscan(line, &name, &o.since, &o.deprecated); n >= 2 {
			table[name] = o
		}
	}
	return table
}

// domains are those of which ONNX Runtime has operators, besides ONNX's own.
var domains = []string{
	"ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training",
	"com.microsoft", "com.microsoft.nchwc", "com.microsoft.experimental", "com.microsoft.dml", "org.pytorch.aten",
}

// CheckOperators returns ONNX Runtime's words about each operator that it does not have,
// once for each. Operators of other domains than ONNX's own are only known by domain.
func (m *Model) CheckOperators() []string {
	table, functions := operators(), map[Function]bool{}
	for _, f := range m.Functions {
		functions[f] = true
	}
	var problems []string
	said := map[string]bool{"": true}
	for _, n := range m.Graph.Nodes {
		if functions[Function{n.Domain, n.Op}] {
			continue
		}
		if problem := m.checkOperator(table, n); !said[problem] {
			problems = append(problems, problem)
			said[problem] = true
		}
	}
	return problems
}

func (m *Model) checkOperator(table map[string]operator, n Node) string {
	switch {
	case slices.Contains(domains, n.Domain):
		return ""
	case n.Domain != "":
		return fmt.Sprintf("Fatal error: %s:%s(-1) is not a registered function/op", n.Domain, n.Op)
	}
	version := m.Opset("")
	o, known := table[n.Op]
	switch {
	case !known || o.since > version:
		return fmt.Sprintf("No Op registered for %s with domain_version of %d", n.Op, version)
	case o.deprecated != 0 && version >= o.deprecated:
		return fmt.Sprintf("Op registered for %s is deprecated in domain_version of %d", n.Op, version)
	}
	return ""
}
