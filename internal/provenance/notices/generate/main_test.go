package main

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/provenance/notices"
)

// TestNotices makes the notices again: what is linked in now must be in them.
func TestNotices(t *testing.T) {
	text, err := generate("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != notices.Text {
		t.Error("notices.txt is not what is linked into the program now: run go generate ./internal/provenance/notices, and read the diff")
	}
	modules, err := notices.Modules()
	if err != nil || len(modules) < 10 {
		t.Fatalf("%d modules, error %v", len(modules), err)
	}
	for _, m := range modules {
		if m.License == "" || m.Version == "" || !strings.Contains(notices.Text, "\n"+m.Path+"\n") {
			t.Errorf("%+v has no text", m)
		}
	}
}

func TestKindOf(t *testing.T) {
	const bsd = "Redistribution and use in source and binary\nforms, with or without"
	for text, want := range map[string]string{
		"   Apache License\n   Version 2.0, January": "Apache-2.0",
		bsd:                              "BSD-2-Clause",
		bsd + " ... Neither the name of": "BSD-3-Clause",
		"Permission is hereby granted,\nfree of charge, to": "MIT",
		"SIL OPEN FONT LICENSE\nVersion 1.1":                "OFL-1.1",
		"GNU GENERAL PUBLIC LICENSE":                        "",
	} {
		if got := kindOf(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestReadRefuses lets nothing in whose licence nobody knows.
func TestReadRefuses(t *testing.T) {
	for name, m := range map[string]*module{
		"which licence LICENSE.txt is": {Path: "example.org/a", Dir: "testdata/unknown", folders: map[string]bool{".": true}},
		"has no licence in":            {Path: "example.org/b", Dir: "testdata/unknown", folders: map[string]bool{"none": true}},
		"not in the module cache":      {Path: "example.org/c"},
	} {
		if err := m.read(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one with %q", err, name)
		}
	}
}
