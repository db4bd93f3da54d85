package review

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Folders of the repository with settings of GitHub, as they are sent to its API.
const (
	RulesetsDir     = ".github/rulesets"
	EnvironmentsDir = ".github/environments"
)

// Comparison says how the settings of a repository differ from its files.
type Comparison struct {
	Schema      int      `json:"schema"`
	Repository  string   `json:"repository"`
	Same        bool     `json:"same"` // nothing differs, and everything could be asked
	Compared    []string `json:"compared"`
	Differences []string `json:"differences,omitempty"`
	// Checks are what could not be asked.
	Checks []Check `json:"not_asked,omitempty"`
}

// Names of what could not be compared, besides the names of files.
const checkActors = "bypass_actors"

// settingsForm is of the files. Their keys are those of the API.
var settingsForm = fileio.Form{MaxBytes: 1 << 20}

// CompareRules compares the rulesets and environments that lie under .github of a folder
// with those of the repository. Keys that the files do not have are not compared, but
// rules and reviewers are.
func (c *Client) CompareRules(ctx context.Context, folder string) (*Comparison, error) {
	found := &Comparison{Schema: 1, Repository: c.Repository, Compared: []string{}}
	for _, kind := range []struct {
		dir     string
		compare func(context.Context, *Comparison, string, map[string]any) error
	}{{RulesetsDir, c.compareRuleset}, {EnvironmentsDir, c.compareEnvironment}} {
		names, err := fs.Glob(os.DirFS(folder), kind.dir+"/*.json")
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			var wanted map[string]any
			if err := fileio.ReadJSON(filepath.Join(folder, filepath.FromSlash(name)), &wanted, settingsForm); err != nil {
				return nil, err
			}
			err := kind.compare(ctx, found, name, wanted)
			if err = found.note(name, err); err != nil {
				return nil, err
			}
			found.Compared = append(found.Compared, name)
		}
	}
	if len(found.Compared) == 0 {
		return nil, config.Usagef("there is no JSON file in %s or %s of %s", RulesetsDir, EnvironmentsDir, folder)
	}
	found.Same = len(found.Differences) == 0 && len(found.Checks) == 0
	return found, nil
}

// note enters what could not be asked; other errors are returned.
func (f *Comparison) note(name string, err error) error {
	var unasked *Unasked
	if !errors.As(err, &unasked) {
		return err
	}
	f.Checks = append(f.Checks, Check{Name: name, Outcome: NoReply, Detail: unasked.Error(), Missing: unasked.missing(missing[CheckBypass])})
	return nil
}

// rulesetItem is an entry of rulesets.
type rulesetItem struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Target string `json:"target"`
}

func (c *Client) compareRuleset(ctx context.Context, f *Comparison, file string, wanted map[string]any) error {
	items, err := list[rulesetItem](ctx, c, "rulesets?includes_parents=true")
	if err != nil {
		return err
	}
	at := slices.IndexFunc(items, func(i rulesetItem) bool { return i.Name == wanted["name"] && i.Target == wanted["target"] })
	if at < 0 {
		f.differ(file, "", fmt.Sprintf("a ruleset %v for %v", wanted["name"], wanted["target"]), "none of that name")
		return nil
	}
	var got map[string]any
	if err := c.get(ctx, fmt.Sprintf("rulesets/%d?includes_parents=true", items[at].ID), &got); err != nil {
		return err
	}
	// Only those who may change a ruleset are told who may bypass it.
	actors, told := got["bypass_actors"]
	if want, asked := wanted["bypass_actors"]; asked && !told {
		err = f.note(file+": "+checkActors, &Unasked{Path: "rulesets", Says: "who may bypass the rules is shown to those alone who may change them"})
	} else if asked {
		f.compare(file, "bypass_actors", want, actors)
	}
	for _, key := range []string{"enforcement", "conditions"} {
		if want, asked := wanted[key]; asked {
			f.compare(file, key, want, got[key])
		}
	}
	f.compareByType(file, wanted["rules"], got["rules"])
	return err
}

// compareByType compares lists of rules, which have no order. A rule that is not in the
// file is a difference.
func (f *Comparison) compareByType(file string, wanted, got any) {
	want, have := byType(wanted), byType(got)
	for _, kind := range sortedKeys(want) {
		if have[kind] == nil {
			f.differ(file, "rules."+kind, "the rule", "none")
			continue
		}
		f.compare(file, "rules."+kind, want[kind], have[kind])
	}
	for _, kind := range sortedKeys(have) {
		if want[kind] == nil {
			f.differ(file, "rules."+kind, "none", "the rule")
		}
	}
}

func byType(rules any) map[string]any {
	all := map[string]any{}
	entries, _ := rules.([]any)
	for _, entry := range entries {
		if r, is := entry.(map[string]any); is {
			if kind, is := r["type"].(string); is {
				all[kind] = r
			}
		}
	}
	return all
}

// environment is an environment's file: what PUT environments/NAME takes.
func (c *Client) compareEnvironment(ctx context.Context, f *Comparison, file string, wanted map[string]any) error {
	name := strings.TrimSuffix(filepath.Base(file), ".json")
	var got struct {
		Policy any              `json:"deployment_branch_policy"`
		Rules  []map[string]any `json:"protection_rules"`
	}
	if err := c.get(ctx, "environments/"+escaped(name), &got); err != nil {
		return err
	}
	settings := map[string]any{"wait_timer": json.Number("0"), "prevent_self_review": false, "reviewers": []any{}, "deployment_branch_policy": got.Policy}
	for _, rule := range got.Rules {
		switch rule["type"] {
		case "wait_timer":
			settings["wait_timer"] = rule["wait_timer"]
		case "required_reviewers":
			settings["prevent_self_review"], settings["reviewers"] = rule["prevent_self_review"] == true, reviewersOf(rule["reviewers"])
		}
	}
	for _, key := range sortedKeys(wanted) {
		have, known := settings[key]
		if !known {
			f.differ(file, key, text(wanted[key]), "a setting that the API does not tell")
			continue
		}
		f.compare(file, key, wanted[key], have)
	}
	return nil
}

// reviewersOf are reviewers in the form in which they are set: type and id.
func reviewersOf(list any) any {
	all := []any{}
	entries, _ := list.([]any)
	for _, entry := range entries {
		e, _ := entry.(map[string]any)
		who, _ := e["reviewer"].(map[string]any)
		all = append(all, map[string]any{"type": e["type"], "id": who["id"]})
	}
	return all
}

// compare compares a value with what the file wants. Of objects, the keys of the file are
// compared; the entries of lists have no order.
func (f *Comparison) compare(file, key string, wanted, got any) {
	switch want := wanted.(type) {
	case map[string]any:
		have, is := got.(map[string]any)
		if !is {
			f.differ(file, key, text(wanted), text(got))
			return
		}
		for _, name := range sortedKeys(want) {
			f.compare(file, strings.TrimPrefix(key+"."+name, "."), want[name], have[name])
		}
	case []any:
		have, _ := got.([]any)
		if len(have) != len(want) || slices.ContainsFunc(want, func(w any) bool { return !slices.ContainsFunc(have, func(h any) bool { return covers(w, h) }) }) {
			f.differ(file, key, text(wanted), text(got))
		}
	default:
		if text(wanted) != text(got) {
			f.differ(file, key, text(wanted), text(got))
		}
	}
}

// covers says whether a value has all that is wanted of it.
func covers(wanted, got any) bool {
	var f Comparison
	f.compare("", "", wanted, got)
	return len(f.Differences) == 0
}

func (f *Comparison) differ(file, key, wanted, got string) {
	where := file
	if key != "" {
		where += ": " + key
	}
	f.Differences = append(f.Differences, fmt.Sprintf("%s: want %s, GitHub has %s", where, wanted, got))
}

// text is a value as JSON, shortened.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 300
	return string(bytes.ToValidUTF8(b[:min(len(b), most)], nil))
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

// Text is the comparison for people.
func (f *Comparison) Text() string {
	var b strings.Builder
	for _, file := range f.Compared {
		fmt.Fprintf(&b, "compared  %s\n", file)
	}
	for _, d := range f.Differences {
		fmt.Fprintf(&b, "differs   %s\n", d)
	}
	writeChecks(&b, "", f.Checks)
	if f.Same {
		fmt.Fprintf(&b, "%s is set as these files say\n", f.Repository)
	}
	return b.String()
}
