package review

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ReleaseWorkflow is the file of the workflow that makes releases, and approvedJob its job that
// asks for approval.
const (
	ReleaseWorkflow = ".github/workflows/release.yml"
	approvedJob     = "approved"
)

// maxReleases is how many releases are looked at for one that the workflow made.
const maxReleases = 20

// lastRelease is the commit of the last release that the workflow made on the branch, with its
// tag, "" if there is none. The name of github-actions[bot] proves little: whoever can write may
// push a branch with a workflow of their own, whose token makes releases of any commit. So a run
// of the release workflow, for a push of that commit to the branch, must have approved it.
func (r *review) lastRelease(ctx context.Context, since bool) (sha, tag string, err error) {
	releases, err := list[releaseItem](ctx, r.Client, "releases")
	if err != nil {
		return "", "", err
	}
	var others []string
	for _, release := range releases {
		if release.Draft || release.Prerelease || !isWorkflow(release.Author) || len(others) == maxReleases {
			continue
		}
		if sha, err = r.tagged(ctx, release.Tag); err != nil {
			return "", "", err
		}
		if sha == r.request.Commit { // by a run before this one
			continue
		}
		run, reason, err := r.approvedBy(ctx, sha)
		var unasked *Unasked
		switch {
		case errors.As(err, &unasked):
			return sha, release.Tag, r.add(CheckRelease, "", false, err)
		case err != nil:
			return "", "", err
		case run > 0:
			return sha, release.Tag, r.add(CheckRelease, fmt.Sprintf("the run %d of the release workflow approved %s", run, release.Tag), true, nil)
		}
		others = append(others, fmt.Sprintf("%s is not counted: %s", release.Tag, reason))
	}
	if len(others) == 0 {
		return "", "", nil
	}
	detail := strings.Join(others[:min(3, len(others))], "; ")
	if !since {
		detail += fmt.Sprintf("; if GitHub has removed old runs, set since in %s, by a pull request", PolicyFile)
	}
	return "", "", r.add(CheckRelease, detail, since, nil)
}

// approvedBy is the run of the release workflow that approved a commit of the branch; 0 with the
// reason if there is none.
func (r *review) approvedBy(ctx context.Context, sha string) (run int64, reason string, err error) {
	query := url.Values{"head_sha": {sha}, "branch": {r.request.Branch}, "per_page": {fmt.Sprint(pageSize)}}
	_, file, _ := strings.Cut(ReleaseWorkflow, "workflows/")
	var found workflowRuns
	if err := r.get(ctx, "actions/workflows/"+file+"/runs?"+query.Encode(), &found); err != nil {
		return 0, "", err
	}
	for _, run := range found.Runs {
		path, _, _ := strings.Cut(run.Path, "@")
		if run.HeadSHA != sha || run.HeadBranch != r.request.Branch || path != ReleaseWorkflow || run.Event != "push" && run.Event != "workflow_dispatch" {
			continue
		}
		var jobs workflowJobs
		if err := r.get(ctx, fmt.Sprintf("actions/runs/%d/jobs?filter=all&per_page=%d", run.ID, pageSize), &jobs); err != nil {
			return 0, "", err
		}
		for _, job := range jobs.Jobs {
			if job.Name == approvedJob && job.HeadSHA == sha && job.Conclusion != nil && *job.Conclusion == "success" {
				return run.ID, "", nil
			}
		}
		reason = fmt.Sprintf("in the run %d of %s its commit %s was not approved", run.ID, ReleaseWorkflow, short(sha))
	}
	if reason == "" {
		reason = fmt.Sprintf("no run of %s on %s is of its commit %s", ReleaseWorkflow, r.request.Branch, short(sha))
	}
	return 0, reason, nil
}
