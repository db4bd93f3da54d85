package doc_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// notebook is what a test wants of a notebook file. Of its outputs only the text counts.
type notebook struct {
	Cells []struct {
		Type    string            `json:"cell_type"`
		Count   *int              `json:"execution_count"`
		Outputs []json.RawMessage `json:"outputs"`
		Source  []string          `json:"source"`
	} `json:"cells"`
	Metadata map[string]json.RawMessage `json:"metadata"`
}

// ofMachine finds what differs from machine to machine: paths, times of day and processors.
var ofMachine = regexp.MustCompile(`/tmp/|/home/|/root/|/Users/|[A-Z]:\\\\|\b\d\d:\d\d:\d\d\b|\bcores, `)

// TestNotebooks looks at notebooks as they are committed; .ci/run executes them. All are to be executed
// from top to bottom without an error, to say in words what each cell does, and to name nothing of a machine.
func TestNotebooks(t *testing.T) {
	files, err := filepath.Glob("../notebooks/*.ipynb")
	if err != nil || len(files) == 0 {
		t.Fatalf("no notebooks found: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var book notebook
			if err := json.Unmarshal(text, &book); err != nil {
				t.Fatal(err)
			}
			checkNotebook(t, book)
			if found := ofMachine.FindString(strings.Join(strings.Fields(string(text)), " ")); found != "" {
				t.Errorf("has %q, which is of the machine it was executed on", found)
			}
		})
	}
}

func checkNotebook(t *testing.T, book notebook) {
	t.Helper()
	executed, shown, before := 0, 0, ""
	for i, cell := range book.Cells {
		if cell.Type == "code" {
			executed++
			shown += len(cell.Outputs)
			if cell.Count == nil || *cell.Count != executed {
				t.Errorf("cell %d was not executed as number %d: run make notebooks-write", i+1, executed)
			}
			if before != "markdown" {
				t.Errorf("cell %d: want a cell of text that says what it does", i+1)
			}
		}
		for _, output := range cell.Outputs {
			if strings.Contains(string(output), `"output_type": "error"`) {
				t.Errorf("cell %d ended with an error", i+1)
			}
		}
		before = cell.Type
	}
	if shown == 0 {
		t.Error("has no outputs")
	}
}
