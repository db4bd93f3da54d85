package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// environment finds out who approved the run, where a commit needs that in place of a
// review.
func (r *review) environment(ctx context.Context) error {
	if !slices.ContainsFunc(r.verdict.Commits, func(c Commit) bool { return c.By == ByEnvironment }) {
		return nil
	}
	if err := r.protected(ctx); err != nil {
		return err
	}
	r.verdict.Run = r.request.Run
	by, detail, err := r.approvalOfRun(ctx)
	if err := r.add(CheckEnvironment, detail, by != nil, err); err != nil {
		return err
	}
	for i := range r.verdict.Commits {
		r.enterApproval(&r.verdict.Commits[i], by)
	}
	return nil
}

// enterApproval says of a commit that was not reviewed how it was approved.
func (r *review) enterApproval(commit *Commit, by *EnvironmentApproval) {
	switch {
	case commit.By != ByEnvironment:
	case by == nil:
		commit.By = ""
		commit.Checks = append(commit.Checks, Check{Name: CheckApproval, Outcome: Failed,
			Detail: "neither a reviewer nor anybody in the environment " + Environment + " approved it"})
	default:
		r.verdict.Environment = by
		commit.OwnWork = commit.Pull.Author == nil || commit.Pull.Author.ID == by.By.ID
		detail := fmt.Sprintf("%s approved the run in the environment %s", by.By.Login, Environment)
		if commit.OwnWork {
			detail += ": approved by its author"
		}
		commit.Checks = append(commit.Checks, Check{Name: CheckApproval, Outcome: Passed, Detail: detail})
	}
}

// environmentRules is an answer of environments/NAME.
type environmentRules struct {
	Rules []struct {
		Type      string `json:"type"`
		Reviewers []struct {
			Type string `json:"type"`
		} `json:"reviewers,omitempty"`
	} `json:"protection_rules"`
}

// protected finds out whether the environment has reviewers at all.
func (r *review) protected(ctx context.Context) error {
	var found environmentRules
	err := r.get(ctx, "environments/"+Environment, &found)
	has := false
	for _, rule := range found.Rules {
		has = has || rule.Type == "required_reviewers" && len(rule.Reviewers) > 0
	}
	detail := "the environment " + Environment + " has reviewers"
	if !has {
		detail = "the environment " + Environment + " has no reviewers: add one in the settings of the repository, under Environments"
	}
	return r.add(CheckProtected, detail, has, err)
}

// approvalOfRun is the approval of the run, nil with the reason if there is none.
func (r *review) approvalOfRun(ctx context.Context) (*EnvironmentApproval, string, error) {
	if r.request.Run <= 0 {
		return nil, "nobody approved: this is no run of a workflow: want --run-id, or GITHUB_RUN_ID", nil
	}
	path := fmt.Sprintf("actions/runs/%d", r.request.Run)
	var run workflowRun
	if err := r.get(ctx, path, &run); err != nil {
		return nil, "", err
	}
	if run.HeadSHA != r.request.Commit || run.HeadBranch != r.request.Branch || run.Event != "push" && run.Event != "workflow_dispatch" {
		return nil, fmt.Sprintf("the run %d is of %s on %.60q by %.40q, want a push of %s on %s", r.request.Run, short(run.HeadSHA), run.HeadBranch, run.Event,
			short(r.request.Commit), r.request.Branch), nil
	}
	approvals, err := list[runApproval](ctx, r.Client, path+"/approvals")
	if err != nil {
		return nil, "", err
	}
	return r.pickApproval(ctx, approvals)
}

// pickApproval finds the approval that counts.
func (r *review) pickApproval(ctx context.Context, approvals []runApproval) (*EnvironmentApproval, string, error) {
	var found *EnvironmentApproval
	reason := "nobody approved the run in the environment " + Environment
	for _, a := range approvals {
		switch {
		case !a.of(Environment):
			continue
		case a.State == "rejected":
			return nil, "the run was rejected in the environment " + Environment, nil
		case a.State != "approved":
			continue
		case a.User == nil || a.User.Type != "User":
			reason = "the run was approved by no person"
			continue
		case !r.policy.admits(a.User.Login):
			reason = fmt.Sprintf("%s approved the run, whom the policy does not list", a.User.Login)
			continue
		}
		may, err := r.mayWrite(ctx, a.User)
		var unasked *Unasked
		if err != nil && !errors.As(err, &unasked) {
			return nil, "", err
		}
		if unasked != nil {
			if err := r.add(CheckPermission, "", false, unasked); err != nil {
				return nil, "", err
			}
		}
		if counts, why := may.counts(err != nil, r.policy); !counts {
			reason = fmt.Sprintf("%s approved the run: %s", a.User.Login, why)
			continue
		}
		found = &EnvironmentApproval{Environment, *accountOf(a.User), a.Comment}
	}
	if found == nil {
		return nil, reason, nil
	}
	return found, fmt.Sprintf("%s approved the run in the environment %s", found.By.Login, Environment), nil
}

// of says whether an approval is for an environment.
func (a *runApproval) of(name string) bool {
	for _, e := range a.Environments {
		if e.Name == name {
			return true
		}
	}
	return false
}
