package review

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxPullCommits is how many commits of a pull request the API lists.
const maxPullCommits = 250

// judgement is that of one commit.
type judgement struct {
	*review
	*Commit
	policy  *Policy
	writers map[int64]bool // who wrote commits of the pull request, or opened it
	rebased time.Time      // when the pull request got another base last; zero: never
}

// add enters a check of the commit.
func (j *judgement) add(name, detail string, passed bool, err error) error {
	c, err := j.policy.judge(name, detail, passed, err)
	if err == nil {
		j.Checks = append(j.Checks, c)
	}
	return err
}

// judge finds out where the commit comes from and who approved it.
func (j *judgement) judge(ctx context.Context, commit *gitCommit) error {
	p, detail, err := j.pullOf(ctx, commit.SHA)
	if err := j.add(CheckPull, detail, p != nil, err); err != nil || p == nil {
		return err
	}
	j.Pull = &PullRequest{p.Number, p.Head.SHA, accountOf(p.User), *p.MergedAt, accountOf(p.MergedBy)}
	detail = strangeMerge(commit, p)
	if err := j.add(CheckMerge, orElse(detail, "GitHub merged the last revision, "+short(p.Head.SHA)), detail == "", nil); err != nil {
		return err
	}
	for _, step := range []func(context.Context, *pull) error{j.approval, j.owners, j.bypass} {
		if err := step(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// pullOf is the pull request whose merge a commit is, nil with the reason if there is none.
func (j *judgement) pullOf(ctx context.Context, sha string) (*pull, string, error) {
	items, err := list[pullItem](ctx, j.Client, "commits/"+sha+"/pulls")
	if err != nil {
		return nil, "", err
	}
	var found []*pull
	var others []string
	for _, item := range items {
		if item.MergedAt == nil || !j.intoBranch(item.Base) {
			continue
		}
		p := &pull{}
		if err := j.get(ctx, fmt.Sprintf("pulls/%d", item.Number), p); err != nil {
			return nil, "", err
		}
		switch {
		case p.Number != item.Number || !p.Merged || p.MergedAt == nil || !j.intoBranch(p.Base):
			others = append(others, fmt.Sprintf("%d is not merged", item.Number))
		case p.MergeCommitSHA == nil || *p.MergeCommitSHA != sha:
			others = append(others, fmt.Sprintf("%d was merged as another commit", item.Number))
		default:
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], fmt.Sprintf("the commit is the merge of pull request %d", found[0].Number), nil
	case len(found) > 1:
		return nil, fmt.Sprintf("it is the merge of %d pull requests, want one", len(found)), nil
	case len(others) > 0:
		return nil, "it is the merge of no pull request (" + strings.Join(others, ", ") + "): it was pushed directly, or rebased: allow squash alone", nil
	}
	return nil, fmt.Sprintf("no merged pull request into %s has it: it was pushed directly", j.request.Branch), nil
}

// intoBranch says whether a pull request goes into the branch of this repository.
func (j *judgement) intoBranch(base branchEnd) bool {
	return base.Ref == j.request.Branch && base.Repo != nil && strings.EqualFold(base.Repo.FullName, j.Repository)
}

// mergeAddress is the address of the committer of what GitHub merges itself. It verifies
// no signature of anybody else's for that address.
const mergeAddress = "noreply@github.com"

// strangeMerge says why a commit is not what GitHub makes of the last revision of a pull
// request. A merge that somebody made and pushed makes the pull request "merged" too,
// whatever else it changes.
func strangeMerge(commit *gitCommit, p *pull) string {
	switch {
	case commit.Committer.Email != mergeAddress || !commit.Verification.Verified:
		return fmt.Sprintf("it was not made by GitHub (committer %.60q, signature %.40q): somebody merged or rebased it and pushed it", commit.Committer.Email, commit.Verification.Reason)
	case len(commit.Parents) == 2 && commit.Parents[1].SHA != p.Head.SHA:
		return fmt.Sprintf("it merges %s, the last revision of the pull request is %s", short(commit.Parents[1].SHA), short(p.Head.SHA))
	case len(commit.Parents) != 1 && len(commit.Parents) != 2:
		return fmt.Sprintf("it has %d parents, want one (squash) or two (merge)", len(commit.Parents))
	}
	return ""
}

// findWriters lists who wrote the pull request. Whoever has no account could be a reviewer.
func (j *judgement) findWriters(ctx context.Context, p *pull) (string, error) {
	path := fmt.Sprintf("pulls/%d/commits", p.Number)
	commits, err := list[pullCommit](ctx, j.Client, path)
	if err != nil {
		return "", err
	}
	j.writers = map[int64]bool{}
	if p.User != nil {
		j.writers[p.User.ID] = true
	}
	var unknown []string
	for _, commit := range commits {
		for _, w := range []*writer{commit.Author, commit.Committer} {
			if w == nil || w.ID == 0 {
				unknown = append(unknown, short(commit.SHA))
				continue
			}
			j.writers[w.ID] = true
		}
	}
	switch {
	case len(commits) != p.Commits || len(commits) > maxPullCommits || len(commits) == 0:
		return fmt.Sprintf("%d of %d commits are listed: a pull request may have %d", len(commits), p.Commits, maxPullCommits), errUnlisted
	case len(unknown) > 0:
		unknown = slices.Compact(unknown)
		return "", &Unasked{Path: path, Says: fmt.Sprintf("the address of a writer of %s belongs to no account, so that nobody can tell whether a reviewer wrote it: add the address to the account",
			strings.Join(unknown[:min(3, len(unknown))], ", "))}
	}
	return fmt.Sprintf("%d commits", len(commits)), nil
}

var errUnlisted = errors.New("not all commits are listed")

// checkWriters enters who wrote the pull request.
func (j *judgement) checkWriters(ctx context.Context, p *pull) error {
	detail, err := j.findWriters(ctx, p)
	if errors.Is(err, errUnlisted) {
		return j.add(CheckAuthors, detail, false, nil)
	}
	return j.add(CheckAuthors, detail, err == nil, err)
}

// checkBase enters when the pull request was turned to another branch. Somebody who approved
// it before saw the difference from that one.
func (j *judgement) checkBase(ctx context.Context, p *pull) error {
	events, err := list[pullEvent](ctx, j.Client, fmt.Sprintf("issues/%d/events", p.Number))
	for _, e := range events {
		if e.Event == "base_ref_changed" && e.At.After(j.rebased) {
			j.rebased = e.At
		}
	}
	detail := "it went into " + j.request.Branch + " from the beginning"
	if !j.rebased.IsZero() {
		detail = "it goes into " + j.request.Branch + " since " + j.rebased.UTC().Format(time.RFC3339)
	}
	return j.add(CheckBase, detail, err == nil, err)
}

// owners finds out whether the owners of the code approved, or had to: GitHub refuses a merge
// without them where the rule is in force.
func (j *judgement) owners(ctx context.Context, p *pull) error {
	var found ownersErrors
	if err := j.get(ctx, "codeowners/errors?ref="+j.Base, &found); err != nil {
		return j.add(CheckOwners, "", false, err)
	}
	if len(found.Errors) > 0 {
		return j.add(CheckOwners, fmt.Sprintf("CODEOWNERS of %s has %d errors, the first in line %d: %.100q", short(j.Base), len(found.Errors), found.Errors[0].Line, found.Errors[0].Message), false, nil)
	}
	if j.policy.CodeOwners == OwnersByApproval {
		return j.ownersApproved(ctx, p)
	}
	rules, err := j.rulesInForce(ctx)
	asked := slices.ContainsFunc(rules, func(r rule) bool {
		return r.Type == "pull_request" && r.Parameters != nil && r.Parameters.CodeOwners
	})
	detail := "the branch's rules ask for the owners' approval"
	if !asked {
		detail = "no rule in force asks for the approval of the owners in CODEOWNERS: require_code_owner_review"
	}
	return j.add(CheckOwners, detail, asked, err)
}

// bypass finds out how the rules judged the push of the commit.
func (j *judgement) bypass(ctx context.Context, _ *pull) error {
	path := "rulesets/rule-suites?ref=refs/heads/" + url.QueryEscape(j.request.Branch) + "&time_period=month"
	suites, err := list[ruleSuite](ctx, j.Client, path)
	if err != nil {
		return j.add(CheckBypass, "", false, err)
	}
	at := slices.IndexFunc(suites, func(s ruleSuite) bool { return s.After == j.Commit.Commit })
	if at < 0 {
		return j.add(CheckBypass, "", false, &Unasked{Path: path, Says: "GitHub has no result of the rules for this commit: it keeps those of a month"})
	}
	result := suites[at].Result
	return j.add(CheckBypass, fmt.Sprintf("the result of the rules is %.20q", result), result == "pass", nil)
}

// joined lists a few words.
func joined(words []string) string { return strings.Join(words, ", ") }
