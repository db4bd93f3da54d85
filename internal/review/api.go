package review

import "time"

// The answers of the API, as far as they are used. Pointers are what may be null.

// user is an account.
type user struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Type  string `json:"type"` // "User", "Bot" or "Organization"
}

// writer is the account of the author or committer of a commit: nothing, or an object
// without keys, where its address belongs to no account.
type writer struct {
	ID    int64  `json:"id,omitempty"`
	Login string `json:"login,omitempty"`
}

type reference struct {
	SHA string `json:"sha"`
}

// gitCommit is an answer of git/commits/SHA.
type gitCommit struct {
	SHA          string      `json:"sha"`
	Parents      []reference `json:"parents"`
	Committer    signature   `json:"committer"`
	Verification struct {
		Verified bool   `json:"verified"`
		Reason   string `json:"reason"`
	} `json:"verification"`
}

type signature struct {
	Email string `json:"email"`
}

// gitRef is an answer of git/ref/NAME and of git/tags/SHA.
type gitRef struct {
	Object struct {
		Type string `json:"type"`
		SHA  string `json:"sha"`
	} `json:"object"`
}

type comparison struct {
	Status string `json:"status"`
}

type branchEnd struct {
	Ref  string `json:"ref"`
	SHA  string `json:"sha"`
	Repo *struct {
		FullName string `json:"full_name"`
	} `json:"repo"`
}

// pullItem is an entry of commits/SHA/pulls.
type pullItem struct {
	Number   int        `json:"number"`
	MergedAt *time.Time `json:"merged_at"`
	Base     branchEnd  `json:"base"`
}

// pull is an answer of pulls/NUMBER.
type pull struct {
	Number         int        `json:"number"`
	Merged         bool       `json:"merged"`
	MergedAt       *time.Time `json:"merged_at"`
	MergedBy       *user      `json:"merged_by"`
	MergeCommitSHA *string    `json:"merge_commit_sha"`
	User           *user      `json:"user"`
	Head           branchEnd  `json:"head"`
	Base           branchEnd  `json:"base"`
	Commits        int        `json:"commits"`
	ChangedFiles   int        `json:"changed_files"`
}

// pullReview is an entry of pulls/NUMBER/reviews.
type pullReview struct {
	ID          int64      `json:"id"`
	User        *user      `json:"user"`
	State       string     `json:"state"`
	CommitID    *string    `json:"commit_id"`
	SubmittedAt *time.Time `json:"submitted_at,omitempty"` // of a review that is pending, none
}

// pullEvent is an entry of issues/NUMBER/events, where pull requests are issues.
type pullEvent struct {
	Event string    `json:"event"`
	At    time.Time `json:"created_at"`
}

// pullFile is an entry of pulls/NUMBER/files.
type pullFile struct {
	Filename string `json:"filename"`
	Previous string `json:"previous_filename,omitempty"` // of one that was moved
}

// pullCommit is an entry of pulls/NUMBER/commits.
type pullCommit struct {
	SHA       string  `json:"sha"`
	Author    *writer `json:"author"`
	Committer *writer `json:"committer"`
}

// permission is an answer of collaborators/LOGIN/permission.
type permission struct {
	Permission string `json:"permission"`
	User       *user  `json:"user"`
}

// content is an answer of contents/PATH.
type content struct {
	Type     string `json:"type"`
	Encoding string `json:"encoding"`
	Content  string `json:"content"`
}

// ownersErrors is an answer of codeowners/errors.
type ownersErrors struct {
	Errors []struct {
		Line    int    `json:"line"`
		Message string `json:"message"`
	} `json:"errors"`
}

// rule is an entry of rules/branches/BRANCH, which are those in force.
type rule struct {
	Type       string          `json:"type"`
	Parameters *ruleParameters `json:"parameters,omitempty"`
}

// ruleParameters are those of the rules that matter here.
type ruleParameters struct {
	Approvals      int      `json:"required_approving_review_count,omitempty"`
	DismissStale   bool     `json:"dismiss_stale_reviews_on_push,omitempty"`
	CodeOwners     bool     `json:"require_code_owner_review,omitempty"`
	LastPush       bool     `json:"require_last_push_approval,omitempty"`
	Threads        bool     `json:"required_review_thread_resolution,omitempty"`
	MergeMethods   []string `json:"allowed_merge_methods,omitempty"`
	RequiredChecks []struct {
		Context string `json:"context"`
	} `json:"required_status_checks,omitempty"`
}

// ruleSuite is an entry of rulesets/rule-suites: how the rules judged a push.
type ruleSuite struct {
	After  string `json:"after_sha"`
	Result string `json:"result"` // "pass", "fail" or "bypass"
}

// releaseItem is an entry of releases.
type releaseItem struct {
	Tag        string `json:"tag_name"`
	Draft      bool   `json:"draft"`
	Prerelease bool   `json:"prerelease"`
	Author     *user  `json:"author"`
}

// workflowRuns is a page of actions/workflows/FILE/runs.
type workflowRuns struct {
	Runs []workflowRun `json:"workflow_runs"`
}

// workflowJobs is a page of actions/runs/ID/jobs.
type workflowJobs struct {
	Jobs []struct {
		Name       string  `json:"name"`
		HeadSHA    string  `json:"head_sha"`
		Conclusion *string `json:"conclusion"` // null: it has not ended
	} `json:"jobs"`
}

// workflowRun is an answer of actions/runs/ID.
type workflowRun struct {
	ID         int64  `json:"id"`
	HeadSHA    string `json:"head_sha"`
	HeadBranch string `json:"head_branch"`
	Event      string `json:"event"`
	Path       string `json:"path"`
}

// runApproval is an entry of actions/runs/ID/approvals.
type runApproval struct {
	State        string `json:"state"` // "approved", "rejected" or "pending"
	Comment      string `json:"comment"`
	User         *user  `json:"user"`
	Environments []struct {
		Name string `json:"name"`
	} `json:"environments"`
}
