package review

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// root is where this repository is.
const root = "../.."

// TestRepositoryPolicy reads the policy of this repository, and compares what its ruleset asks
// for with what is to be in force.
func TestRepositoryPolicy(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, PolicyFile))
	if err != nil {
		t.Fatal(err)
	}
	policy, err := parsePolicy(text)
	if err != nil || policy.Approval != ByReview {
		t.Fatalf("%+v %v", policy, err)
	}
	if text, err = os.ReadFile(filepath.Join(root, RulesetsDir, "main.json")); err != nil {
		t.Fatal(err)
	}
	var ruleset struct {
		Rules json.RawMessage `json:"rules"`
	}
	if err := json.Unmarshal(text, &ruleset); err != nil {
		t.Fatal(err)
	}
	var rules []rule
	if err := fileio.DecodeJSON(ruleset.Rules, &rules, form); err != nil {
		t.Fatal(err)
	}
	if lacking := lackingRules(rules, policy); len(lacking) > 0 {
		t.Errorf("the ruleset lacks %v", lacking)
	}
}
