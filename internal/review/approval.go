package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// approval finds out who approved the pull request.
func (j *judgement) approval(ctx context.Context, p *pull) error {
	found, err := list[pullReview](ctx, j.Client, fmt.Sprintf("pulls/%d/reviews", p.Number))
	if err != nil {
		return j.add(CheckApproval, "", false, err)
	}
	before := len(j.Checks)
	if err := j.checkWriters(ctx, p); err != nil {
		return err
	}
	if err := j.checkBase(ctx, p); err != nil {
		return err
	}
	last := lastWords(found)
	unasked, err := j.count(ctx, p, last)
	if err != nil {
		return err
	}
	n := 0
	for _, r := range j.Reviews {
		if r.Counts {
			n++
		}
	}
	if err := j.add(CheckPermission, "asked of whoever approved", true, unaskedIf(unasked, n < j.policy.needed() || j.policy.NotAvailable[CheckPermission] != "")); err != nil {
		return err
	}
	detail := fmt.Sprintf("%d approvals count, want %d%s", n, j.policy.needed(), j.whyNot())
	switch {
	case n >= j.policy.needed():
		j.By = ByReview
		err = j.add(CheckApproval, detail, true, nil)
	case j.policy.Approval == ByEnvironment:
		// The approval of the run is entered later. Who wrote the commits, and what
		// reviewers may do, does not matter then.
		j.Checks = j.Checks[:before]
		j.By = ByEnvironment
	default:
		err = j.add(CheckApproval, detail, false, nil)
	}
	if err != nil {
		return err
	}
	return j.changes(ctx, last)
}

// unaskedIf is an error that matters only where something is missing.
func unaskedIf(unasked *Unasked, matters bool) error {
	if unasked == nil || !matters {
		return nil
	}
	return unasked
}

// whyNot says of each approval that does not count why.
func (j *judgement) whyNot() string {
	text := ""
	for _, r := range j.Reviews {
		if r.State == approved && !r.Counts {
			text += fmt.Sprintf("; that of %s does not: %s", r.login(), r.Why)
		}
	}
	return text
}

// The states of reviews that are a word on the pull request. Comments are none.
const (
	approved         = "APPROVED"
	changesRequested = "CHANGES_REQUESTED"
	dismissed        = "DISMISSED"
)

// lastWords are the last approval, request for changes or dismissal of each reviewer, in
// the order in which they were given.
func lastWords(reviews []pullReview) []pullReview {
	reviews = slices.DeleteFunc(slices.Clone(reviews), func(r pullReview) bool {
		return r.State != approved && r.State != changesRequested && r.State != dismissed
	})
	slices.SortStableFunc(reviews, func(a, b pullReview) int {
		if a.SubmittedAt == nil || b.SubmittedAt == nil || a.SubmittedAt.Equal(*b.SubmittedAt) {
			return cmp.Compare(a.ID, b.ID)
		}
		return a.SubmittedAt.Compare(*b.SubmittedAt)
	})
	var last []pullReview
	for i, r := range reviews {
		again := r.User != nil && slices.ContainsFunc(reviews[i+1:], func(other pullReview) bool {
			return other.User != nil && other.User.ID == r.User.ID
		})
		if !again {
			last = append(last, r)
		}
	}
	return last
}

// count enters the reviews and which of them count. It returns what could not be asked of
// a reviewer whose approval would count otherwise.
func (j *judgement) count(ctx context.Context, p *pull, last []pullReview) (unasked *Unasked, err error) {
	for _, r := range last {
		entry := Review{ID: r.ID, Reviewer: accountOf(r.User), State: r.State, At: r.SubmittedAt}
		if r.CommitID != nil {
			entry.Commit = *r.CommitID
		}
		if entry.Why = j.whyNoApproval(&r, p); entry.Why == "" {
			may, err := j.mayWrite(ctx, r.User)
			if err != nil && !errors.As(err, &unasked) {
				return nil, err
			}
			entry.Counts, entry.Why = may.counts(err != nil, j.policy)
		}
		j.Reviews = append(j.Reviews, entry)
	}
	return unasked, nil
}

// counts says whether an approval of somebody who may do that counts, and why.
func (w writes) counts(unasked bool, p *Policy) (bool, string) {
	switch {
	case unasked && p.NotAvailable[CheckPermission] != "":
		return true, "the policy lists the reviewer"
	case unasked:
		return false, "whether the reviewer may write could not be asked"
	case w != "":
		return false, string(w)
	}
	return true, "it is of the last revision, before the merge, by somebody else who may write"
}

// whyNoApproval says why a review is no approval of what was merged, by somebody else; ""
// if it is one.
func (j *judgement) whyNoApproval(r *pullReview, p *pull) string {
	switch {
	case r.State != approved:
		return "it is no approval"
	case r.User == nil:
		return "the account of the reviewer was deleted"
	case r.User.Type != "User":
		return fmt.Sprintf("the reviewer is a %s and no person", r.User.Type)
	case !j.policy.admits(r.User.Login):
		return "the policy does not list the reviewer"
	case p.User == nil:
		return "the account of the author was deleted, so that nobody can tell them from the reviewer"
	case j.writers[r.User.ID]:
		return "the reviewer wrote it, or a part of it"
	case r.CommitID == nil:
		return "it does not say which revision it is of"
	case *r.CommitID != p.Head.SHA:
		return fmt.Sprintf("it is of the revision %s, %s was merged", short(*r.CommitID), short(p.Head.SHA))
	case r.SubmittedAt == nil || r.SubmittedAt.After(*p.MergedAt):
		return "it was given after the merge"
	case !r.SubmittedAt.After(j.rebased):
		return "it was given before the pull request was turned to another branch"
	}
	return ""
}

// writes is why somebody may not write to the repository, "" if they may.
type writes string

// mayWrite asks what an account may do.
func (c *Client) mayWrite(ctx context.Context, u *user) (writes, error) {
	var found permission
	if err := c.get(ctx, "collaborators/"+url.PathEscape(u.Login)+"/permission", &found); err != nil {
		return "", err
	}
	switch {
	case found.User == nil || found.User.ID != u.ID:
		return "the name of the account belongs to another one now", nil
	case found.Permission != "write" && found.Permission != "admin":
		return writes(fmt.Sprintf("the account may not write (permission %.20q)", found.Permission)), nil
	}
	return "", nil
}

// changes refuses a request for changes that stands, also one that came after the merge.
// One of somebody who is known not to be able to write counts for GitHub as little.
func (j *judgement) changes(ctx context.Context, last []pullReview) error {
	for _, r := range last {
		if r.State != changesRequested {
			continue
		}
		who := "a deleted account"
		if r.User != nil {
			who = r.User.Login
			may, err := j.mayWrite(ctx, r.User)
			var unasked *Unasked
			if err != nil && !errors.As(err, &unasked) {
				return err
			}
			if may != "" {
				continue
			}
		}
		return j.add(CheckChanges, fmt.Sprintf("%s requested changes%s, and has not approved since", who, at(r.SubmittedAt)), false, nil)
	}
	return j.add(CheckChanges, "nobody's request for changes stands", true, nil)
}

func at(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " at " + t.UTC().Format(time.RFC3339)
}
