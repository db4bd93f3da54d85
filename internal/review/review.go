package review

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
)

// Request says what to judge.
type Request struct {
	Commit string // 40 hexadecimal digits
	Branch string // that the commit was merged into
	Run    int64  // of the workflow that asks, 0 where there is none
}

// maxCommits is how many commits may be judged together. Each takes about eight requests,
// and a token of a workflow may ask a thousand an hour.
const maxCommits = 100

// Review judges the commits since the last release. A verdict that refuses is no error; an
// error says that nothing could be found out.
func (c *Client) Review(ctx context.Context, request Request) (*Verdict, error) {
	if !commitName.MatchString(request.Commit) {
		return nil, config.Usagef("%.60q is not a commit: want 40 hexadecimal digits, by --commit or in GITHUB_SHA", request.Commit)
	}
	r := &review{Client: c, request: request, policy: defaultPolicy()}
	r.verdict = Verdict{
		Schema: verdictSchema, API: c.base.String(), Repository: c.Repository, Branch: request.Branch, Commit: request.Commit,
		Asked: c.now().UTC().Truncate(time.Second), Program: buildinfo.Program(), Commits: []Commit{},
	}
	for _, step := range []func(context.Context) error{r.onBranch, r.history, r.rules, r.commits, r.environment} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	r.verdict.conclude()
	return &r.verdict, nil
}

// review is one in progress.
type review struct {
	*Client
	request Request
	policy  *Policy // as it was before the newest commit
	line    []step  // the commits to judge, the newest first
	verdict Verdict
}

// step is a commit on the way back.
type step struct {
	*gitCommit
	base   string  // the commit before it on the branch, "" if it is the first
	policy *Policy // as of base
	err    error   // why it cannot be followed
}

// add enters a check of the repository.
func (r *review) add(name, detail string, passed bool, err error) error {
	c, err := r.policy.judge(name, detail, passed, err)
	if err == nil {
		r.verdict.Checks = append(r.verdict.Checks, c)
	}
	return err
}

// onBranch finds out whether the commit is the tip of the branch or before it.
func (r *review) onBranch(ctx context.Context) error {
	var tip gitRef
	err := r.get(ctx, "git/ref/heads/"+escaped(r.request.Branch), &tip)
	if err != nil || tip.Object.SHA == r.request.Commit {
		return r.add(CheckBranch, "the commit is the tip of "+r.request.Branch, true, err)
	}
	var compared comparison
	err = r.get(ctx, "compare/"+r.request.Commit+"..."+escaped(r.request.Branch)+"?per_page=1", &compared)
	passed := compared.Status == "ahead" || compared.Status == "identical"
	detail := "the commit is before the tip of " + r.request.Branch
	if !passed {
		detail = fmt.Sprintf("the commit is not on %s (compared: %q)", r.request.Branch, compared.Status)
	}
	return r.add(CheckBranch, detail, passed, err)
}

// history goes back from the commit by first parents to where the last release, or the
// policy, says that the commits before were judged.
func (r *review) history(ctx context.Context) error {
	detail, err := r.walk(ctx)
	return r.add(CheckHistory, detail, r.verdict.Since != nil, err)
}

// walk finds the commits to judge and says what was found.
func (r *review) walk(ctx context.Context) (string, error) {
	starts := map[string]string{}
	for sha := r.request.Commit; ; {
		if from, is := starts[sha]; is {
			r.verdict.Since = &Start{sha, from}
			return fmt.Sprintf("%d commits since %s (%s)", len(r.line), short(sha), from), nil
		}
		if len(r.line) == maxCommits {
			return fmt.Sprintf("more than %d commits are to be judged, and no release is among them: set since in %s to a commit that was released, by a pull request", maxCommits, PolicyFile), nil
		}
		s, err := r.step(ctx, sha)
		if err != nil {
			return "", err
		}
		r.line = append(r.line, *s)
		if len(r.line) == 1 {
			if s.policy != nil {
				r.policy = s.policy
			}
			if starts, err = r.starts(ctx); err != nil {
				return "", err
			}
		}
		if s.base == "" {
			return "the history ends without the commit after which commits have to be approved", nil
		}
		if len(starts) == 0 {
			return fmt.Sprintf("nothing says after which commit commits have to be approved: there is no release made by the workflow on %s, and no such commit in since of %s as of %s",
				r.request.Branch, PolicyFile, short(sha)), nil
		}
		sha = s.base
	}
}

// step reads a commit and the policy by which it is judged.
func (r *review) step(ctx context.Context, sha string) (*step, error) {
	s := &step{gitCommit: &gitCommit{}}
	if err := r.get(ctx, "git/commits/"+sha, s.gitCommit); err != nil {
		return nil, err
	}
	if s.SHA != sha {
		return nil, fmt.Errorf("GET git/commits/%s: the answer is of commit %s", sha, s.SHA)
	}
	s.policy = defaultPolicy()
	if len(s.Parents) == 0 {
		return s, nil
	}
	s.base = s.Parents[0].SHA
	var err error
	s.policy, err = r.policyAt(ctx, s.base)
	var bad *badPolicy
	if errors.As(err, &bad) {
		s.err, err = bad, nil
	}
	return s, err
}

// starts are the commits after which commits have to be judged, each with what says so.
// Since is taken from the policy as of the commit itself: whoever sets it to hide a commit
// needs an approval for that, since what sets it comes after it and is judged.
func (r *review) starts(ctx context.Context) (map[string]string, error) {
	starts := map[string]string{}
	own, err := r.policyAt(ctx, r.request.Commit)
	var bad *badPolicy
	if err != nil && !errors.As(err, &bad) {
		return nil, err
	}
	if own != nil && own.Since != "" {
		starts[own.Since] = "since in " + PolicyFile
	}
	sha, tag, err := r.lastRelease(ctx, len(starts) > 0)
	if tag != "" {
		starts[sha] = "release " + tag
	}
	return starts, err
}

// isWorkflow says whether the token of a workflow made something. A tag or a release that
// a person made proves nothing of the commits before it.
func isWorkflow(u *user) bool {
	return u != nil && u.Type == "Bot" && u.Login == "github-actions[bot]"
}

// tagged is the commit of a tag.
func (c *Client) tagged(ctx context.Context, tag string) (string, error) {
	var ref gitRef
	if err := c.get(ctx, "git/ref/tags/"+escaped(tag), &ref); err != nil {
		return "", err
	}
	if ref.Object.Type == "tag" {
		name := ref.Object.SHA
		ref = gitRef{}
		if err := c.get(ctx, "git/tags/"+name, &ref); err != nil {
			return "", err
		}
	}
	if ref.Object.Type != "commit" {
		return "", fmt.Errorf("the tag %s is of a %s, want a commit", tag, ref.Object.Type)
	}
	return ref.Object.SHA, nil
}

// escaped is a name of a branch or tag as part of a path.
func escaped(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// commits judges each commit.
func (r *review) commits(ctx context.Context) error {
	for _, s := range r.line {
		commit := Commit{Commit: s.SHA, Base: s.base, Policy: s.policy}
		if s.err != nil {
			commit.Policy = nil
			commit.Checks = []Check{{Name: "policy", Outcome: Failed, Detail: s.err.Error()}}
		} else if err := (&judgement{review: r, Commit: &commit, policy: s.policy}).judge(ctx, s.gitCommit); err != nil {
			return err
		}
		r.verdict.Commits = append(r.verdict.Commits, commit)
	}
	return nil
}

// rules compares what is in force on the branch with the least that is asked for.
func (r *review) rules(ctx context.Context) error {
	found, err := r.rulesInForce(ctx)
	if err != nil {
		return r.add(CheckRules, "", false, err)
	}
	lacking := lackingRules(found, r.policy)
	if len(lacking) == 0 {
		return r.add(CheckRules, "the branch's rules ask for a pull request and for what the policy wants", true, nil)
	}
	return r.add(CheckRules, "not in force on "+r.request.Branch+": "+joined(lacking), false, nil)
}

func (r *review) rulesInForce(ctx context.Context) ([]rule, error) {
	return list[rule](ctx, r.Client, "rules/branches/"+escaped(r.request.Branch))
}

// lackingRules names what no rule in force asks for.
func lackingRules(found []rule, p *Policy) []string {
	asks := func(kind string, what func(*ruleParameters) bool) bool {
		return slices.ContainsFunc(found, func(f rule) bool {
			return f.Type == kind && (what == nil || f.Parameters != nil && what(f.Parameters))
		})
	}
	const pulls, checks = "pull_request", "required_status_checks"
	reviewed := p.Approval == ByReview
	var lacking []string
	for _, want := range []struct {
		asked bool
		name  string
	}{
		{asks("deletion", nil), "deletion"},
		{asks("non_fast_forward", nil), "non_fast_forward"},
		{asks(pulls, nil), pulls},
		{asks(pulls, func(p *ruleParameters) bool {
			return len(p.MergeMethods) > 0 && !slices.Contains(p.MergeMethods, "rebase")
		}), "pull_request without the merge method rebase"},
		{!reviewed || asks(pulls, func(q *ruleParameters) bool { return q.Approvals >= p.needed() }), fmt.Sprintf("required_approving_review_count of %d", p.needed())},
		{!reviewed || asks(pulls, func(p *ruleParameters) bool { return p.DismissStale }), "dismiss_stale_reviews_on_push"},
		{!reviewed || asks(pulls, func(p *ruleParameters) bool { return p.LastPush }), "require_last_push_approval"},
		{asks(pulls, func(p *ruleParameters) bool { return p.Threads }), "required_review_thread_resolution"},
		{asks(checks, func(p *ruleParameters) bool { return len(p.RequiredChecks) > 0 }), checks},
	} {
		if !want.asked {
			lacking = append(lacking, want.name)
		}
	}
	return lacking
}
