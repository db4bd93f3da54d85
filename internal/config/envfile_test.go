package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/joho/godotenv"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadEnvFile(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       map[string]string // key -> "line:value"
	}{
		{"empty", "", nil},
		{"comments and blanks", "# a comment\n\n   # another\nBLOCKTRAIN_A=1\n", map[string]string{"BLOCKTRAIN_A": "4:1"}},
		{"no final line end", "BLOCKTRAIN_A=1", map[string]string{"BLOCKTRAIN_A": "1:1"}},
		{"empty value", "BLOCKTRAIN_A=\nBLOCKTRAIN_B=2\n", map[string]string{"BLOCKTRAIN_A": "1:", "BLOCKTRAIN_B": "2:2"}},
		{"empty value at the end", "BLOCKTRAIN_A=", map[string]string{"BLOCKTRAIN_A": "1:"}},
		{"windows line ends and byte order mark", "\ufeffBLOCKTRAIN_A=1\r\nBLOCKTRAIN_B=2\r\n", map[string]string{"BLOCKTRAIN_A": "1:1", "BLOCKTRAIN_B": "2:2"}},
		{"other programs' lines", "PATH=/bin\nHOME='x y'\nBLOCKTRAIN_A=1\n", map[string]string{"BLOCKTRAIN_A": "3:1"}},
		{"export", "export BLOCKTRAIN_A=1\n", map[string]string{"BLOCKTRAIN_A": "1:1"}},
		{"spaces and a trailing comment", "  BLOCKTRAIN_A =  x y # note\n", map[string]string{"BLOCKTRAIN_A": "1:x y"}},
		{"quotes", "BLOCKTRAIN_A='#x'\nBLOCKTRAIN_B=\"a\\nb\"\n", map[string]string{"BLOCKTRAIN_A": "1:#x", "BLOCKTRAIN_B": "2:a\nb"}},
		{"a value of several lines", "X='one\nBLOCKTRAIN_NO=1\nthree'\nBLOCKTRAIN_A=2\n", map[string]string{"BLOCKTRAIN_A": "4:2"}},
		{"set twice", "BLOCKTRAIN_A=1\nBLOCKTRAIN_A=2\n", map[string]string{"BLOCKTRAIN_A": "2:2"}},
		{"a reference to a name above", "DIR=/d\nBLOCKTRAIN_A=${DIR}/x\n", map[string]string{"BLOCKTRAIN_A": "2:/d/x"}},
		{"no reference", `BLOCKTRAIN_A=1 # costs $HOME` + "\nBLOCKTRAIN_B='$HOME'\n" + `BLOCKTRAIN_C=\$HOME`, map[string]string{"BLOCKTRAIN_A": "1:1", "BLOCKTRAIN_B": "2:$HOME", "BLOCKTRAIN_C": "3:$HOME"}},
		{"another program's reference", "X=$HOME/x\nBLOCKTRAIN_A=1\n", map[string]string{"BLOCKTRAIN_A": "2:1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := write(t, ".env", test.text)
			source, err := ReadEnvFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]string
			for key, text := range source {
				if got == nil {
					got = map[string]string{}
				}
				got[key] = strings.TrimPrefix(text.Origin, path+":") + ":" + text.Value
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadEnvFileRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a bare word", "BLOCKTRAIN_A=1\nnonsense\n", `.env:2: want NAME=value, found "nonsense"`},
		{"a bare word at the end", "BLOCKTRAIN_A=1\nnonsense", `.env:2: want NAME=value, found "nonsense"`},
		{"no name", "=1\n", `.env:1: want NAME=value, found "=1"`},
		{"a name with a dash", "\nBLOCKTRAIN-A=1\n", `.env:2: want NAME=value, found "BLOCKTRAIN-A=1"`},
		{"an open quote", "BLOCKTRAIN_A=1\nBLOCKTRAIN_B=\"x\nBLOCKTRAIN_C=2\n", ".env:2: a quoted value is not closed"},
		{"text after a quote", "BLOCKTRAIN_A='x' y\n", `.env:1: want NAME=value, found "BLOCKTRAIN_A='x' y"`},
		{"a binary file", "\x1f\x8b\x08\x00\x00", ".env:1: want NAME=value, found"},
		{"a reference to nothing", "BLOCKTRAIN_DATA_DIR=$HOME/data\n", ".env:1: $HOME is not set above in this file"},
		{"a reference in double quotes", "BLOCKTRAIN_A=\"${HOME}\"\n", ".env:1: $HOME is not set above in this file"},
		{"a large file", strings.Repeat("#\n", maxEnvFile), "has 131072 bytes: want at most 65536"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ReadEnvFile(write(t, ".env", test.text))
			var usage *UsageError
			if !errors.As(err, &usage) {
				t.Fatalf("error %v is no UsageError", err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not contain %q", err, test.want)
			}
		})
	}
	if _, err := ReadEnvFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	if _, err := ReadEnvFile(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a folder gives %v", err)
	}
}

// FuzzParseEnv checks that our statements, which give the lines, agree with
// godotenv, which gives the values.
func FuzzParseEnv(f *testing.F) {
	for _, seed := range []string{
		"", "A", "A=", "A=1\nB='2\n3'\n", "export A=\"x\" # y\nA: 2", "A=$B\n", "A='x' B=2\n", "\r\nA=1\r\n", "A=\\\n", "A=\"\\\"\"",
	} {
		f.Add(strings.ReplaceAll(seed, "A", "BLOCKTRAIN_A"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1000 {
			t.Skip()
		}
		source, err := parseEnv("env", []byte(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "env:") {
				t.Errorf("error %q names no line", err)
			}
			return
		}
		values, err := godotenv.Unmarshal(strings.TrimPrefix(text, "\ufeff") + "\n")
		if err != nil {
			t.Fatalf("godotenv refuses what we take: %v", err)
		}
		for key, value := range values {
			if !isOurs(key) {
				continue
			}
			if source[key].Value != value || !strings.HasPrefix(source[key].Origin, "env:") {
				t.Errorf("%s is %+v, godotenv says %q", key, source[key], value)
			}
		}
	})
}
