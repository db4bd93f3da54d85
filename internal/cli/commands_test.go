package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// paths lists the commands with the words that call them.
func paths() map[string]*command {
	all := map[string]*command{}
	for _, c := range commands() {
		all[c.name()] = c
		for _, child := range c.children {
			all[c.name()+" "+child.name()] = child
		}
	}
	return all
}

// TestHelp reads the help of every command as a user would.
func TestHelp(t *testing.T) {
	for path, c := range paths() {
		t.Run(path, func(t *testing.T) {
			var out, errs bytes.Buffer
			args := append(strings.Fields(path), "--help")
			if code := Run(t.Context(), args, nil, &out, &errs); code != ExitDone || errs.Len() > 0 {
				t.Fatalf("exit code %d, errors %s", code, &errs)
			}
			for _, want := range []string{c.short, c.long, c.example, "Examples:\n", "--env-file FILE", "-q, --quiet", "--log-level"} {
				if want == "" || !strings.Contains(out.String(), want) {
					t.Errorf("the help lacks %q", want)
				}
			}
			for line := range strings.Lines(out.String()) {
				if utf8.RuneCountInString(strings.TrimRight(line, "\n")) > lineWidth {
					t.Errorf("longer than %d columns: %s", lineWidth, line)
				}
			}
		})
	}
}

// TestHelpTellsTheTruth checks what help says of values: defaults that are the
// command's, and what a value is. Lines that are broken count as one.
func TestHelpTellsTheTruth(t *testing.T) {
	for path, c := range map[string]struct{ with, without []string }{
		"run":      {with: []string{"to be joined [digits]", "test part [0.97]"}, without: []string{"[the run's]"}},
		"evaluate": {with: []string{"empty: the run's own parts", "decode at each access; auto: in memory where there is room [the run's]"}, without: []string{"[digits]", "[data]"}},
		"gate":     {with: []string{"least accuracy on the test part [the run's]"}, without: []string{"[0.97]", "[min_test_accuracy"}},
		"verify":   {with: []string{"--keep DIR", "--json count"}, without: []string{"Any flag can also be set"}},
		"bench":    {with: []string{"--input WxHxC", "--cpu-profile FILE"}},
	} {
		var out bytes.Buffer
		Run(t.Context(), []string{path, "--help"}, nil, &out, &out)
		text := strings.Join(strings.Fields(out.String()), " ")
		for _, want := range c.with {
			if !strings.Contains(text, want) {
				t.Errorf("the help of %s lacks %q:\n%s", path, want, &out)
			}
		}
		for _, wrong := range c.without {
			if strings.Contains(text, wrong) {
				t.Errorf("the help of %s has %q", path, wrong)
			}
		}
	}
}

var exampleCall = regexp.MustCompile(`blocktrain ((?:package verify|package check|package smoke|package sign|clips convert|sensor apply|sensor fit|cache clear|weights list|weights get|weights import|weights show|review rules|lock check|lock fetch|[a-z]+))(.*)`)
var exampleFlag = regexp.MustCompile(`--([a-z-]+)`)

// TestExamples checks that the examples use commands and flags that exist.
func TestExamples(t *testing.T) {
	all := paths()
	for path, c := range all {
		calls := 0
		for line := range strings.Lines(c.example) {
			match := exampleCall.FindStringSubmatch(line)
			if match == nil {
				continue
			}
			called := all[match[1]]
			if called == nil {
				t.Errorf("%s: no command in the example %s", path, line)
				continue
			}
			calls++
			for _, flag := range exampleFlag.FindAllStringSubmatch(match[2], -1) {
				if !hasFlag(called, flag[1]) {
					t.Errorf("%s: %s has no flag --%s: %s", path, match[1], flag[1], line)
				}
			}
		}
		if calls == 0 {
			t.Errorf("%s has no example", path)
		}
	}
}

func hasFlag(c *command, name string) bool {
	for _, option := range append(c.options(), commonOptions()...) {
		if option.Name == name {
			return true
		}
	}
	return false
}

// TestOptionsAgree checks that an option which several commands have is of one type,
// since they share its variable and its line in .env. What only flags set may differ.
func TestOptionsAgree(t *testing.T) {
	types := map[string]string{}
	check := func(options []*config.Option) {
		for _, option := range options {
			if before, seen := types[option.Name]; seen && !option.IsFromFlags() && before != option.Type {
				t.Errorf("--%s is of type %s and %s", option.Name, before, option.Type)
			}
			if !option.IsFromFlags() {
				types[option.Name] = option.Type
			}
			if first, _ := utf8.DecodeRuneInString(option.Doc); option.Doc == "" || strings.HasSuffix(option.Doc, ".") || strings.ToLower(string(first)) != string(first) {
				t.Errorf("--%s: want one line, lower case, without full stop: %q", option.Name, option.Doc)
			}
		}
	}
	check(settingsOptions())
	check(commonOptions())
	walk(commands(), func(c *command) { check(c.options()) })
}

// TestPanicIsAFailure checks that a panic ends a command with a report and exit code 1.
func TestPanicIsAFailure(t *testing.T) {
	var errs bytes.Buffer
	a := &app{stderr: &errs}
	err := a.guarded(func() error { panic("a fault") })
	if exitCode(err) != ExitFailed || !strings.HasPrefix(errs.String(), "blocktrain: internal error: a fault\n") || !strings.Contains(errs.String(), "commands_test.go") {
		t.Errorf("exit code %d, %s", exitCode(err), &errs)
	}
	if err := a.guarded(func() error { return nil }); err != nil {
		t.Errorf("without a panic the error is %v", err)
	}
}

func TestExitCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("disk full"), 1},
		{config.Usagef("wrong"), 2},
		{fmt.Errorf("run: %w", config.Usagef("wrong")), 2},
		{fmt.Errorf("gate: %w", rundir.ErrRefused), 3},
		{fmt.Errorf("verify: %w", rundir.ErrDifference), 4},
		{fmt.Errorf("train: %w", context.Canceled), 130},
		{fmt.Errorf("run: %w", &rundir.Interrupted{Advice: "go on with x"}), 130},
		{context.DeadlineExceeded, 1},
	} {
		if got := exitCode(test.err); got != test.want {
			t.Errorf("%v: exit code %d, want %d", test.err, got, test.want)
		}
	}
}

// TestUnknownCommands checks which word is taken for a command.
func TestUnknownCommands(t *testing.T) {
	for args, want := range map[string]string{
		"trian":                           `unknown command "trian": did you mean train?`,
		"trian --help":                    `unknown command "trian"`,
		"--log-level debug trian run":     `unknown command "trian"`,
		"--quiet xyz":                     `unknown command "xyz"`,
		"--epochs 3 trian":                `unknown command "trian"`,
		"help trian":                      `unknown command "trian": did you mean train?`,
		"help package verity":             `unknown command "package verity"`,
		"package verity":                  `unknown command "verity": did you mean verify?`,
		"help --quiet run":                "",
		"__complete tr":                   "",
		"completion fihs":                 `unknown shell "fihs": did you mean fish?`,
		"unknown\ncommand \"run\" --help": `unknown command "unknown\ncommand"`,
	} {
		var out, errs bytes.Buffer
		list := strings.Split(args, " ")
		code := Run(t.Context(), list, nil, &out, &errs)
		if want == "" && code == ExitDone {
			continue
		}
		if code != ExitUsage || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: exit code %d, errors %s; want %q", args, code, &errs, want)
		}
	}
}

func TestPrintError(t *testing.T) {
	var b bytes.Buffer
	printError(&b, errors.Join(errors.New("one"), errors.New("two")))
	printError(&b, context.Canceled)
	printError(&b, fmt.Errorf("dataset: %w", context.Canceled))
	printError(&b, fmt.Errorf("run: %w", &rundir.Interrupted{Advice: "go on with x"}))
	printError(&b, errors.Join(errors.New("not saved"), context.Canceled))
	printError(&b, &config.UsageError{Err: errors.New("wrong"), Hint: "do that"})
	want := "blocktrain: one\nblocktrain: two\nblocktrain: interrupted\nblocktrain: interrupted\nblocktrain: run: interrupted; go on with x\nblocktrain: not saved\nblocktrain: context canceled\nblocktrain: wrong\ndo that\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""},
		{"one two three", 7, "one two|three"},
		{"unbreakable", 5, "unbreakable"},
		{"a=1,b=2,c=3", 8, "a=1,b=2,|c=3"},
		{"größer als", 6, "größer|als"},
	} {
		if got := strings.Join(wrap(test.text, test.width), "|"); got != test.want {
			t.Errorf("%q in %d columns is %q, want %q", test.text, test.width, got, test.want)
		}
	}
}
