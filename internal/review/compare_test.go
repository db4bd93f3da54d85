package review

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const rulesetFile = `{"name":"main","target":"branch","enforcement":"active","bypass_actors":[],
 "conditions":{"ref_name":{"include":["~DEFAULT_BRANCH"],"exclude":[]}},
 "rules":[{"type":"deletion"},{"type":"pull_request","parameters":{"required_approving_review_count":1,"allowed_merge_methods":["squash","merge"]}}]}`

const environmentFile = `{"wait_timer":0,"prevent_self_review":true,"reviewers":[{"type":"User","id":1}],
 "deployment_branch_policy":{"protected_branches":true,"custom_branch_policies":false}}`

// newSettings is a repository that is set as the files in a new folder say.
func newSettings(t *testing.T) (*hub, string) {
	t.Helper()
	h := newHub(t)
	h.answers["rulesets"] = array{object{"id": 4, "name": "tags", "target": "tag"}, object{"id": 6, "name": "main", "target": "tag"}, object{"id": 5, "name": "main", "target": "branch"}}
	h.answers["rulesets/5"] = object{"id": 5, "name": "main", "target": "branch", "enforcement": "active", "bypass_actors": array{},
		"conditions": object{"ref_name": object{"exclude": array{}, "include": array{"~DEFAULT_BRANCH"}}},
		"rules": array{object{"type": "pull_request", "parameters": object{"required_approving_review_count": 1, "allowed_merge_methods": array{"merge", "squash"},
			"automatic_copilot_code_review_enabled": false}}, object{"type": "deletion"}}}
	h.answers["environments/release"] = object{"name": "release", "deployment_branch_policy": object{"protected_branches": true, "custom_branch_policies": false},
		"protection_rules": array{object{"type": "branch_policy"}, object{"type": "required_reviewers", "prevent_self_review": true,
			"reviewers": array{object{"type": "User", "reviewer": ada}}}}}
	folder := t.TempDir()
	writeSettings(t, folder, RulesetsDir+"/main.json", rulesetFile)
	writeSettings(t, folder, EnvironmentsDir+"/release.json", environmentFile)
	return h, folder
}

func writeSettings(t *testing.T, folder, name, text string) {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCompareRules names each difference, and what could not be asked.
func TestCompareRules(t *testing.T) {
	ruleset := func(h *hub) object { return h.in("rulesets/5") }
	for name, c := range map[string]struct {
		change func(h *hub)
		want   string
	}{
		"the same":                {func(*hub) {}, "acme/fruit is set as these files say"},
		"no ruleset":              {func(h *hub) { h.answers["rulesets"] = array{} }, "main.json: want a ruleset main for branch, GitHub has none of that name"},
		"not enforced":            {func(h *hub) { ruleset(h)["enforcement"] = "evaluate" }, `enforcement: want "active", GitHub has "evaluate"`},
		"a bypass":                {func(h *hub) { ruleset(h)["bypass_actors"] = array{object{"actor_id": 5, "bypass_mode": "exempt"}} }, `bypass_actors: want [], GitHub has [{"actor_id":5,"bypass_mode":"exempt"}]`},
		"a bypass that is hidden": {func(h *hub) { delete(ruleset(h), "bypass_actors") }, "shown to those alone who may change them"},
		"another branch": {func(h *hub) {
			ruleset(h)["conditions"] = object{"ref_name": object{"include": array{"refs/heads/x"}, "exclude": array{}}}
		}, `conditions.ref_name.include: want ["~DEFAULT_BRANCH"]`},
		"a rule is missing": {func(h *hub) { ruleset(h)["rules"] = ruleset(h)["rules"].(array)[:1] }, "rules.deletion: want the rule, GitHub has none"},
		"a rule more":       {func(h *hub) { ruleset(h)["rules"] = append(ruleset(h)["rules"].(array), object{"type": "update"}) }, "rules.update: want none, GitHub has the rule"},
		"another parameter": {func(h *hub) {
			ruleset(h)["rules"].(array)[0].(object)["parameters"].(object)["required_approving_review_count"] = 0
		}, "rules.pull_request.parameters.required_approving_review_count: want 1, GitHub has 0"},
		"another merge method": {func(h *hub) {
			ruleset(h)["rules"].(array)[0].(object)["parameters"].(object)["allowed_merge_methods"] = array{"squash", "rebase"}
		}, `allowed_merge_methods: want ["squash","merge"], GitHub has ["squash","rebase"]`},
		"no reviewers": {func(h *hub) { h.in("environments/release")["protection_rules"] = array{} }, "prevent_self_review: want true, GitHub has false"},
		"another reviewer": {func(h *hub) {
			eve := person(8, "eve")
			h.in("environments/release")["protection_rules"].(array)[1].(object)["reviewers"] = array{object{"type": "User", "reviewer": eve}}
		}, `reviewers: want [{"id":1,"type":"User"}], GitHub has [{"id":8,"type":"User"}]`},
		"any branch":         {func(h *hub) { h.in("environments/release")["deployment_branch_policy"] = nil }, "deployment_branch_policy: want {"},
		"no environment":     {func(h *hub) { delete(h.answers, "environments/release") }, "release.json could not be asked: GET environments/release: 404"},
		"no rulesets to ask": {func(h *hub) { h.refused["rulesets"] = http.StatusForbidden }, "missing: permission administration: read"},
	} {
		t.Run(name, func(t *testing.T) {
			h, folder := newSettings(t)
			c.change(h)
			found, err := h.client(t).CompareRules(t.Context(), folder)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.Join(strings.Fields(found.Text()), " ")
			if found.Same != (name == "the same") || !strings.Contains(text, c.want) {
				t.Errorf("same is %t, want %q\n%s", found.Same, c.want, found.Text())
			}
		})
	}
	h, folder := newSettings(t)
	writeSettings(t, folder, RulesetsDir+"/main.json", `{"name":"main","name":"other"}`)
	if _, err := h.client(t).CompareRules(t.Context(), folder); err == nil || !strings.Contains(err.Error(), "name: the key comes twice") {
		t.Errorf("error %v", err)
	}
	if _, err := h.client(t).CompareRules(t.Context(), t.TempDir()); err == nil {
		t.Error("an empty folder was compared")
	}
}
