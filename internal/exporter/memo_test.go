package exporter

import (
	"bytes"
	"testing"
)

// TestMemo wants a model encoded once for all who ask for the same.
func TestMemo(t *testing.T) {
	plain := artifact()
	a := plain
	a.Memo = &Memo{}
	first, err := EncodeONNX(a, 0)
	if err != nil {
		t.Fatal(err)
	}
	want, err := EncodeONNX(plain, 17)
	if err != nil {
		t.Fatal(err)
	}
	again, err := EncodeONNX(a, 17)
	if err != nil || !bytes.Equal(first, want) || &again[0] != &first[0] {
		t.Errorf("the default opset was encoded twice, or differs; error %v", err)
	}
	for name, change := range map[string]func(*Artifact){
		"name": func(a *Artifact) { a.Name = "other" }, "version": func(a *Artifact) { a.Version = "9.9.9" },
		"program": func(a *Artifact) { a.ProgramVersion = "other" }, "reason": func(a *Artifact) { a.ForceReason = "other" },
		"metadata": func(a *Artifact) { a.Metadata = map[string]string{"other": "value"} },
	} {
		changed := a
		change(&changed)
		got, err := EncodeONNX(changed, 0)
		if err != nil || bytes.Equal(got, first) {
			t.Errorf("another %s gives the same model, error %v", name, err)
		}
	}
}
