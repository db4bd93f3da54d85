package review

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// The checks, by the names that a policy and the verdict have for them.
const (
	CheckHistory     = "history"              // how the branch came to the commit, and where to begin
	CheckRelease     = "release_run"          // the release workflow made the release to begin at
	CheckBranch      = "branch"               // the commit is on the branch
	CheckRules       = "rules"                // what the branch's rules ask for
	CheckEnvironment = "environment_approval" // somebody approved the run
	CheckProtected   = "environment_rules"    // the environment has reviewers

	CheckPull       = "pull_request"        // the commit is the merge of one pull request
	CheckMerge      = "merge"               // made by GitHub, of the pull request's last revision
	CheckAuthors    = "commit_authors"      // who wrote the commits of the pull request
	CheckBase       = "base_branch"         // into which branch it was to go when it was approved
	CheckPermission = "reviewer_permission" // reviewers may write
	CheckApproval   = "approval"            // enough of them approved
	CheckChanges    = "changes_requested"   // nobody's request for changes stands
	CheckOwners     = "code_owners"         // the owners of the code are asked
	CheckBypass     = "bypass"              // the rules were not bypassed
)

// optional are the checks that a policy may name as not available: those that a plan, a
// permission or an account may lack. Without the others nothing would be known.
var optional = []string{CheckRelease, CheckRules, CheckProtected, CheckAuthors, CheckBase, CheckPermission, CheckOwners, CheckBypass}

// Outcome is how a check came out.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	NoReply Outcome = "could not be asked"
)

// Check is one check and its outcome.
type Check struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Detail  string  `json:"detail"`
	Missing string  `json:"missing,omitempty"` // the permission or plan without which it could not be asked
	// NotAvailable is the reason by which the policy does without a check that could not be
	// asked.
	NotAvailable string `json:"not_available_here,omitempty"`
}

// OK says whether the check does not refuse.
func (c *Check) OK() bool {
	return c.Outcome == Passed || c.Outcome == NoReply && c.NotAvailable != ""
}

// missing says what a check needs.
var missing = map[string]string{
	CheckHistory:     "permission contents: read",
	CheckRelease:     "permission actions: read",
	CheckBranch:      "permission contents: read",
	CheckRules:       "permission metadata: read; of a private repository, GitHub Pro, Team or Enterprise",
	CheckEnvironment: "permission actions: read",
	CheckProtected:   "permission actions: read; of a private repository, GitHub Pro, Team or Enterprise",
	CheckPull:        "permission pull-requests: read",
	CheckMerge:       "permission contents: read",
	CheckAuthors:     "permission pull-requests: read",
	CheckBase:        "permission pull-requests: read, or issues: read",
	CheckPermission:  "permission metadata: read, with a token that may see collaborators",
	CheckApproval:    "permission pull-requests: read",
	CheckChanges:     "permission pull-requests: read",
	CheckOwners:      "permission contents: read, and a file CODEOWNERS",
	CheckBypass:      "permission administration: read, which GITHUB_TOKEN cannot have",
}

// judge makes a check of what asking for it gave: a text and whether it passes, or an
// error. An error that is not [Unasked] is returned.
func (p *Policy) judge(name, detail string, passed bool, err error) (Check, error) {
	c := Check{Name: name, Outcome: Failed, Detail: detail}
	if passed {
		c.Outcome = Passed
	}
	var unasked *Unasked
	if errors.As(err, &unasked) {
		c.Outcome, c.Detail, c.Missing, c.NotAvailable = NoReply, unasked.Error(), unasked.missing(missing[name]), p.NotAvailable[name]
		return c, nil
	}
	return c, err
}

// Account is a person as the verdict names them.
type Account struct {
	Login string `json:"login"`
	ID    int64  `json:"id"`
}

func accountOf(u *user) *Account {
	if u == nil {
		return nil
	}
	return &Account{u.Login, u.ID}
}

// Verdict says whether the commits of a release were approved, and why.
type Verdict struct {
	Schema     int       `json:"schema"`
	Approved   bool      `json:"approved"`
	Reason     string    `json:"reason"`
	API        string    `json:"api"`
	Repository string    `json:"repository"`
	Branch     string    `json:"branch"`
	Commit     string    `json:"commit"`
	Since      *Start    `json:"since,omitempty"` // nil where nothing says where to begin
	Asked      time.Time `json:"asked"`           // in UTC, to the second
	Program    string    `json:"program"`
	Run        int64     `json:"run,omitempty"` // of the workflow, where it was needed
	// Environment is the approval of the run, where it took the place of a review.
	Environment *EnvironmentApproval `json:"environment_approval,omitempty"`
	Checks      []Check              `json:"checks"`  // of the repository
	Commits     []Commit             `json:"commits"` // the newest first
}

const verdictSchema = 1

// Start is the commit after which commits are judged.
type Start struct {
	Commit string `json:"commit"`
	From   string `json:"from"` // "release TAG", or the policy
}

// EnvironmentApproval is an approval of a run in an environment.
type EnvironmentApproval struct {
	Environment string  `json:"environment"`
	By          Account `json:"by"`
	Comment     string  `json:"comment,omitempty"`
}

// Commit is what was found out about one commit.
type Commit struct {
	Commit   string       `json:"commit"`
	Approved bool         `json:"approved"`
	By       string       `json:"approved_by,omitempty"` // "review", or "environment"
	OwnWork  bool         `json:"approved_by_its_author,omitempty"`
	Policy   *Policy      `json:"policy,omitempty"` // as of Base; nil where it could not be read
	Base     string       `json:"base,omitempty"`   // the commit before it on the branch
	Pull     *PullRequest `json:"pull_request,omitempty"`
	Reviews  []Review     `json:"reviews,omitempty"`
	Checks   []Check      `json:"checks"`
}

// PullRequest is the one that a commit came from.
type PullRequest struct {
	Number int       `json:"number"`
	Head   string    `json:"head"` // its last revision
	Author *Account  `json:"author"`
	Merged time.Time `json:"merged"`
	By     *Account  `json:"merged_by"`
}

// Review is the last word of a reviewer.
type Review struct {
	ID       int64      `json:"id"`
	Reviewer *Account   `json:"reviewer"`
	State    string     `json:"state"`
	Commit   string     `json:"commit,omitempty"`
	At       *time.Time `json:"at,omitempty"`
	Counts   bool       `json:"counts"`
	Why      string     `json:"why"` // it counts, or does not
}

// verdictForm is of a verdict that was written to a file.
var verdictForm = fileio.Form{MaxBytes: 16 << 20, Schemas: []int{verdictSchema}}

// ParseVerdict reads a verdict, strictly, and refuses one that does not follow from its checks.
func ParseVerdict(text []byte) (*Verdict, error) {
	v := &Verdict{}
	if err := fileio.DecodeJSON(text, v, verdictForm); err != nil {
		return nil, err
	}
	again := *v
	again.Commits = slices.Clone(v.Commits)
	again.conclude()
	same := again.Approved == v.Approved && again.Reason == v.Reason
	for i := range v.Commits {
		same = same && again.Commits[i].Approved == v.Commits[i].Approved
	}
	if !same {
		return nil, fmt.Errorf("approved is %t, which is not what its checks say: ask again with blocktrain review", v.Approved)
	}
	return v, nil
}

// failed are the checks that refuse.
func failed(checks []Check) []Check {
	return slices.DeleteFunc(slices.Clone(checks), func(c Check) bool { return c.OK() })
}

// conclude says whether everything was approved.
func (v *Verdict) conclude() {
	var reasons []string
	for _, c := range failed(v.Checks) {
		reasons = append(reasons, fmt.Sprintf("%s %s: %s", c.Name, c.Outcome, c.Detail))
	}
	own, environment := false, false
	for i := range v.Commits {
		commit := &v.Commits[i]
		bad := failed(commit.Checks)
		commit.Approved = len(bad) == 0 && len(commit.Checks) > 0
		for _, c := range bad {
			reasons = append(reasons, fmt.Sprintf("commit %s: %s %s: %s", short(commit.Commit), c.Name, c.Outcome, c.Detail))
		}
		own, environment = own || commit.OwnWork, environment || commit.By == ByEnvironment
	}
	v.Approved = len(reasons) == 0 && v.Since != nil && len(v.Commits) > 0
	switch {
	case !v.Approved && len(reasons) == 0:
		v.Reason = "there is no commit to judge"
	case !v.Approved:
		v.Reason = reasons[0]
		if n := len(reasons); n > 1 {
			v.Reason += fmt.Sprintf(" (and %d more)", n-1)
		}
	case own:
		v.Reason = "approved by its author"
	case environment:
		v.Reason = "approved in the environment " + Environment
	default:
		v.Reason = "every commit was approved by a reviewer"
	}
}

// Text is the verdict for people.
func (v *Verdict) Text() string {
	var b strings.Builder
	decision := "refused"
	if v.Approved {
		decision = "approved"
	}
	fmt.Fprintf(&b, "decision  %s\nreason    %s\ncommit    %s of %s, branch %s\n", decision, v.Reason, v.Commit, v.Repository, v.Branch)
	if v.Since != nil {
		fmt.Fprintf(&b, "since     %s (%s)\n", v.Since.Commit, v.Since.From)
	}
	if e := v.Environment; e != nil {
		fmt.Fprintf(&b, "run       %d, approved in the environment %s by %s\n", v.Run, e.Environment, e.By.Login)
	}
	writeChecks(&b, "", v.Checks)
	for _, c := range v.Commits {
		fmt.Fprintf(&b, "\ncommit    %s", short(c.Commit))
		if c.Pull != nil {
			fmt.Fprintf(&b, ", pull request %d", c.Pull.Number)
		}
		b.WriteByte('\n')
		writeChecks(&b, "  ", c.Checks)
		for _, r := range c.Reviews {
			fmt.Fprintf(&b, "  review by %s: %s: %s\n", r.login(), r.State, r.Why)
		}
	}
	return b.String()
}

func writeChecks(b *strings.Builder, indent string, checks []Check) {
	for _, c := range checks {
		fmt.Fprintf(b, "%s%-20s %s: %s\n", indent, c.Name, c.Outcome, c.Detail)
		if c.Missing != "" {
			fmt.Fprintf(b, "%s  missing: %s\n", indent, c.Missing)
		}
		if c.NotAvailable != "" {
			fmt.Fprintf(b, "%s  the policy does without it here: %s\n", indent, c.NotAvailable)
		}
	}
}

func (r *Review) login() string {
	if r.Reviewer == nil {
		return "a deleted account"
	}
	return r.Reviewer.Login
}
