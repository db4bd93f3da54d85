package modellock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// flatten visits the values of a JSON document that are neither objects nor lists, each
// with its path, such as datasets[0].name. Empty objects and lists are visited as {} and
// []. A list of names and values has a path for each name, and one of plain values is
// visited as its JSON, or as its digest if it is long, as any long list is.
func flatten(text []byte, under string, visit func(path string, value any)) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // with the digits that were written
	var document any
	if err := d.Decode(&document); err != nil {
		return err
	}
	return walk(document, under, visit)
}

func walk(value any, path string, visit func(string, any)) error {
	switch v := value.(type) {
	case map[string]any:
		if len(v) == 0 {
			visit(path, "{}")
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			next := key
			if path != "" {
				next = path + "." + key
			}
			if err := walk(v[key], next, visit); err != nil {
				return err
			}
		}
	case []any:
		return walkList(v, path, visit)
	case nil:
		visit(path, "null")
	default:
		visit(path, v)
	}
	return nil
}

func walkList(v []any, path string, visit func(string, any)) error {
	text, err := json.Marshal(v)
	switch {
	case err != nil:
		return err
	case len(v) > mostInList && !slices.ContainsFunc(v, unnamed):
	case len(v) > mostInList:
		visit(path, fmt.Sprintf("%d entries, sha256:%s", len(v), fileio.SHA256Of(text)))
		return nil
	case !slices.ContainsFunc(v, func(entry any) bool { return !isPlain(entry) }):
		visit(path, string(text))
		return nil
	}
	for i, entry := range v {
		next, value := path+"["+strconv.Itoa(i)+"]", entry
		if m, is := entry.(map[string]any); is && !unnamed(entry) {
			next, value = fmt.Sprint(path, ".", m["name"]), m["value"]
		}
		if err := walk(value, next, visit); err != nil {
			return err
		}
	}
	return nil
}

// unnamed says whether an entry of a list is anything else than a name and a value.
func unnamed(entry any) bool {
	m, _ := entry.(map[string]any)
	_, hasValue := m["value"]
	name, _ := m["name"].(string)
	return len(m) != 2 || !hasValue || name == ""
}

func isPlain(value any) bool {
	switch value.(type) {
	case map[string]any, []any:
		return false
	}
	return true
}
