package review

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// PolicyFile is the file of the repository with its policy.
const PolicyFile = ".github/review-policy.json"

// Ways in which a commit may be approved.
const (
	ByReview      = "review"      // by a reviewer of the pull request
	ByEnvironment = "environment" // or, where there is none, of the run, in the environment [Environment]
)

// Environment is the environment of the release workflow whose approval may take the
// place of a review.
const Environment = "release"

// Policy says what is asked of a commit.
type Policy struct {
	Schema   int    `json:"schema"`
	Approval string `json:"approval"` // "review" or "environment"
	// Approvals is how many reviewers it takes; 0: one.
	Approvals int `json:"approvals,omitempty"`
	// Reviewers are the only ones whose approval counts, by login; empty: all who can write.
	Reviewers []string `json:"reviewers,omitempty"`
	// CodeOwners is how the owners in CODEOWNERS are asked: "rule", the default, or "approval".
	CodeOwners string `json:"code_owners,omitempty"`
	// Since is the commit after which commits have to be approved.
	Since string `json:"since,omitempty"`
	// NotAvailable says of checks that cannot be asked here why they cannot.
	NotAvailable map[string]string `json:"not_available,omitempty"`
}

const policySchema = 1

var policyForm = fileio.Form{MaxBytes: 1 << 16, Schemas: []int{policySchema}}

var commitName = regexp.MustCompile(`^[0-9a-f]{40}$`)

// defaultPolicy is that of a repository without a policy: the strictest.
func defaultPolicy() *Policy { return &Policy{Schema: policySchema, Approval: ByReview} }

func parsePolicy(b []byte) (*Policy, error) {
	p := &Policy{}
	if err := fileio.DecodeJSON(b, p, policyForm); err != nil {
		return nil, err
	}
	return p, p.check()
}

func (p *Policy) check() error {
	switch {
	case p.Approval != ByReview && p.Approval != ByEnvironment:
		return fmt.Errorf("approval is %.40q, want %q or %q", p.Approval, ByReview, ByEnvironment)
	case p.Approvals < 0 || p.Approvals > 10:
		return fmt.Errorf("approvals is %d, want 1 to 10", p.Approvals)
	case p.CodeOwners != "" && p.CodeOwners != OwnersByRule && p.CodeOwners != OwnersByApproval:
		return fmt.Errorf("code_owners is %.40q, want %q or %q", p.CodeOwners, OwnersByRule, OwnersByApproval)
	case p.CodeOwners == OwnersByApproval && p.Approval != ByReview:
		return fmt.Errorf("code_owners %q needs approval %q: an approval of the environment is no owner's", OwnersByApproval, ByReview)
	case p.Since != "" && !commitName.MatchString(p.Since):
		return fmt.Errorf("since is %.60q, want the 40 hexadecimal digits of a commit", p.Since)
	case p.NotAvailable[CheckPermission] != "" && len(p.Reviewers) == 0:
		return fmt.Errorf("not_available: %s leaves open who may approve: list them in reviewers", CheckPermission)
	}
	for name, why := range p.NotAvailable {
		if !slices.Contains(optional, name) {
			return fmt.Errorf("not_available: %.60q cannot be done without, want one of %s", name, strings.Join(optional, ", "))
		}
		if strings.TrimSpace(why) == "" {
			return fmt.Errorf("not_available: %s: want the reason why it is not available", name)
		}
	}
	return nil
}

// needed is how many approvals it takes.
func (p *Policy) needed() int { return max(p.Approvals, 1) }

// admits says whether somebody is among those whose approval counts.
func (p *Policy) admits(login string) bool {
	return len(p.Reviewers) == 0 || slices.ContainsFunc(p.Reviewers, func(r string) bool { return strings.EqualFold(r, login) })
}

// policyAt is the policy of the repository at a commit. Where there is none, or none can
// be read, it is the strictest.
func (c *Client) policyAt(ctx context.Context, sha string) (*Policy, error) {
	var found content
	err := c.get(ctx, "contents/"+PolicyFile+"?ref="+sha, &found)
	var unasked *Unasked
	switch {
	case errors.As(err, &unasked) && unasked.Status == http.StatusNotFound:
		return defaultPolicy(), nil
	case err != nil:
		return nil, err
	case found.Type != "file" || found.Encoding != "base64":
		return nil, fmt.Errorf("%s of %s is no file: want one", PolicyFile, short(sha))
	}
	text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(found.Content, "\n", ""))
	if err != nil {
		return nil, fmt.Errorf("%s of %s: %w", PolicyFile, short(sha), err)
	}
	p, err := parsePolicy(text)
	if err != nil {
		return nil, &badPolicy{fmt.Errorf("%s of commit %s: %w", PolicyFile, short(sha), err)}
	}
	return p, nil
}

// badPolicy is the error of a policy that cannot be followed. The commit is refused.
type badPolicy struct{ err error }

func (b *badPolicy) Error() string { return b.err.Error() }
func (b *badPolicy) Unwrap() error { return b.err }

// short is a commit as people call it.
func short(sha string) string { return sha[:min(len(sha), 12)] }
