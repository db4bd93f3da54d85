package review

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// TestHonest approves what was approved, and says how.
func TestHonest(t *testing.T) {
	for name, c := range map[string]struct {
		change func(h *hub)
		want   string
	}{
		"a review": {func(*hub) {}, "every commit was approved by a reviewer"},
		"a merge commit": {func(h *hub) {
			h.answers["git/commits/"+shaCommit] = commitOf(shaCommit, shaRelease, shaHead)
		}, ""},
		"a tag that is an object": {func(h *hub) {
			h.answers["git/ref/tags/v1"] = refTo("tag", shaOther)
			h.answers["git/tags/"+shaOther] = refTo("commit", shaRelease)
		}, ""},
		"turned to main, and approved then": {func(h *hub) {
			h.answers["issues/7/events"] = array{object{"event": "base_ref_changed", "created_at": day(5)}}
		}, ""},
		"several commits, each approved": {func(h *hub) { h.merge(shaOther, shaRelease) }, ""},
		"main went on": {func(h *hub) {
			h.answers["git/ref/heads/main"] = refTo("commit", shaOther)
			h.answers["compare/"+shaCommit+"...main"] = object{"status": "ahead", "ahead_by": 1}
		}, ""},
		"a request for changes that was met": {func(h *hub) {
			h.reviews(reviewBy(1, bob, changesRequested, shaOlder, 5), reviewBy(2, bob, approved, shaHead, 10), reviewBy(3, bob, "COMMENTED", shaHead, 11))
		}, ""},
		"a comment after an approval, and one that is pending": {func(h *hub) {
			pending := reviewBy(4, bob, "PENDING", "", 1)
			delete(pending, "submitted_at")
			h.reviews(reviewBy(1, bob, approved, shaHead, 10), reviewBy(2, bob, "COMMENTED", shaHead, 12), reviewBy(3, carol, "COMMENTED", shaHead, 12), pending)
		}, ""},
		"a stranger's request for changes": {func(h *hub) {
			stranger := person(9, "stranger")
			h.permit(stranger, "read")
			h.reviews(reviewBy(1, stranger, changesRequested, shaHead, 9), reviewBy(2, bob, approved, shaHead, 10))
		}, ""},
		"a reviewer that was deleted, and another": {func(h *hub) {
			h.reviews(reviewBy(1, nil, approved, shaHead, 9), reviewBy(2, bob, approved, shaHead, 10))
		}, ""},
		"a release that this workflow made already": {func(h *hub) {
			h.answers["releases"] = array{release("v2", robot), release("v1", robot)}
			h.answers["git/ref/tags/v2"] = refTo("commit", shaCommit)
		}, ""},
		"the first release": {func(h *hub) {
			h.answers["releases"] = array{}
			h.policy(shaCommit, object{"approval": "review", "since": shaRelease})
		}, ""},
		"a second reviewer where two are wanted": {func(h *hub) {
			h.policy(shaRelease, object{"approval": "review", "approvals": 2})
			h.answers["rules/branches/main"].(array)[2].(object)["parameters"].(object)["required_approving_review_count"] = 2
			h.reviews(reviewBy(1, bob, approved, shaHead, 9), reviewBy(2, carol, approved, shaHead, 10))
		}, ""},
		"a pull request of a bot": {func(h *hub) {
			h.in("pulls/7")["user"] = robot
			h.answers["pulls/7/commits"] = array{written(shaOlder, robot, flow), written(shaHead, robot, flow)}
		}, ""},
		"owners of each path": {func(h *hub) { h.owners("* @carol\n/release/ @BOB # the models\n.env @carol @bob\ndocs/*.md\n") }, ""},
		"an owner in a team": {func(h *hub) {
			h.owners("* @acme/models")
			h.answers["orgs/acme/teams/models/memberships/bob"] = object{"state": "active", "role": "member"}
		}, ""},
		"owners in the file at the top": {func(h *hub) {
			h.owners("")
			h.answers["contents/CODEOWNERS@"+shaRelease] = h.answers["contents/.github/CODEOWNERS@"+shaRelease]
			delete(h.answers, "contents/.github/CODEOWNERS@"+shaRelease)
		}, ""},
		"a forged release after a good one": {func(h *hub) {
			h.merge(shaOther, shaRelease)
			h.answers["releases"] = array{release("v9", robot), release("v1", robot)}
			h.answers["git/ref/tags/v9"] = refTo("commit", shaOther)
		}, ""},
		"by its author, alone":          {(*hub).alone, "approved by its author"},
		"alone, and a friend reviewed":  {func(h *hub) { h.alone(); h.reviews(reviewBy(1, bob, approved, shaHead, 10)) }, "every commit was approved by a reviewer"},
		"by another in the environment": {func(h *hub) { h.alone(); h.approveRun(bob) }, "approved in the environment release"},
		"alone, without an account for an address": {func(h *hub) {
			h.alone()
			h.answers["pulls/7/commits"] = array{written(shaOlder, nil, object{}), written(shaHead, ada, flow)}
		}, "approved by its author"},
		"a pull request of many pages": {func(h *hub) {
			var all array
			for i := range 9 {
				all = append(all, written(fmt.Sprintf("%040d", i), ada, ada))
			}
			h.answers["pulls/7/commits"], h.in("pulls/7")["commits"] = all, 9
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			c.change(h)
			v := h.review(t)
			if !v.Approved || c.want != "" && v.Reason != c.want {
				t.Errorf("%q, want %q\n%s", v.Reason, c.want, v.Text())
			}
			if own := v.Commits[0].OwnWork; own != (v.Reason == "approved by its author") {
				t.Errorf("approved by its author: %t, the reason is %q", own, v.Reason)
			}
		})
	}
}

// TestCheats refuses what looks approved and is not, by the check that finds it.
func TestCheats(t *testing.T) {
	read := func(h *hub) { h.permit(bob, "read") }
	for name, c := range map[string]struct {
		change      func(h *hub)
		check, want string
	}{
		"a push without a pull request": {func(h *hub) { h.answers["commits/"+shaCommit+"/pulls"] = array{} }, CheckPull, "it was pushed directly"},
		"a pull request that is open": {func(h *hub) {
			e := pullEntry(7)
			e["merged_at"] = nil
			h.answers["commits/"+shaCommit+"/pulls"] = array{e}
		}, CheckPull, "pushed directly"},
		"a list that says merged, and a pull request that does not": {func(h *hub) { h.in("pulls/7")["merged"] = false }, CheckPull, "7 is not merged"},
		"a pull request into another branch": {func(h *hub) {
			e := pullEntry(7)
			e["base"].(object)["ref"] = "draft"
			h.answers["commits/"+shaCommit+"/pulls"] = array{e}
		}, CheckPull, "pushed directly"},
		"a pull request into a fork": {func(h *hub) {
			e := pullEntry(7)
			e["base"].(object)["repo"] = object{"full_name": "eve/fruit"}
			h.answers["commits/"+shaCommit+"/pulls"] = array{e}
		}, CheckPull, "pushed directly"},
		"a pull request whose base was changed in the list alone": {func(h *hub) { h.in("pulls/7")["base"].(object)["ref"] = "draft" }, CheckPull, "7 is not merged"},
		"a commit behind the merge":                               {func(h *hub) { h.in("pulls/7")["merge_commit_sha"] = shaOther }, CheckPull, "7 was merged as another commit"},
		"a merge without a commit":                                {func(h *hub) { h.in("pulls/7")["merge_commit_sha"] = nil }, CheckPull, "7 was merged as another commit"},
		"two pull requests of one commit": {func(h *hub) {
			p := pullOf()
			p["number"] = 8
			h.answers["pulls/8"] = p
			h.answers["commits/"+shaCommit+"/pulls"] = array{pullEntry(7), pullEntry(8)}
		}, CheckPull, "2 pull requests"},
		"a merge that somebody made and pushed": {func(h *hub) {
			c := commitOf(shaCommit, shaRelease, shaHead)
			c["committer"].(object)["email"] = "ada@example.com"
			h.answers["git/commits/"+shaCommit] = c
		}, CheckMerge, "it was not made by GitHub"},
		"a merge with GitHub's address and no signature": {func(h *hub) {
			h.in("git/commits/" + shaCommit)["verification"] = object{"verified": false, "reason": "unsigned"}
		}, CheckMerge, "unsigned"},
		"a merge of an older revision": {func(h *hub) {
			h.answers["git/commits/"+shaCommit] = commitOf(shaCommit, shaRelease, shaOlder)
		}, CheckMerge, "the last revision"},
		"an unreviewed commit below a reviewed one": {func(h *hub) {
			h.merge(shaOther, shaRelease)
			h.answers["commits/"+shaOther+"/pulls"] = array{}
		}, CheckPull, "pushed directly"},
		"no approval":            {func(h *hub) { h.reviews() }, CheckApproval, "0 approvals count, want 1"},
		"a comment":              {func(h *hub) { h.reviews(reviewBy(1, bob, "COMMENTED", shaHead, 10)) }, CheckApproval, "0 approvals"},
		"an older revision":      {func(h *hub) { h.reviews(reviewBy(1, bob, approved, shaOlder, 10)) }, CheckApproval, "it is of the revision 444444444444, 333333333333 was merged"},
		"no revision":            {func(h *hub) { h.reviews(reviewBy(1, bob, approved, "", 10)) }, CheckApproval, "does not say which revision"},
		"after the merge":        {func(h *hub) { h.reviews(reviewBy(1, bob, approved, shaHead, 21)) }, CheckApproval, "after the merge"},
		"by its author":          {func(h *hub) { h.reviews(reviewBy(1, ada, approved, shaHead, 10)) }, CheckApproval, "the reviewer wrote it"},
		"by its author, renamed": {func(h *hub) { h.reviews(reviewBy(1, person(1, "lovelace"), approved, shaHead, 10)) }, CheckApproval, "the reviewer wrote it"},
		"by a writer of a commit": {func(h *hub) {
			h.answers["pulls/7/commits"] = array{written(shaOlder, bob, ada), written(shaHead, ada, ada)}
		}, CheckApproval, "the reviewer wrote it"},
		"by a committer": {func(h *hub) {
			h.answers["pulls/7/commits"] = array{written(shaOlder, ada, ada), written(shaHead, ada, bob)}
		}, CheckApproval, "the reviewer wrote it"},
		"by a bot":                 {func(h *hub) { h.reviews(reviewBy(1, robot, approved, shaHead, 10)) }, CheckApproval, "a Bot and no person"},
		"by a deleted account":     {func(h *hub) { h.reviews(reviewBy(1, nil, approved, shaHead, 10)) }, CheckApproval, "deleted"},
		"by a reader":              {read, CheckApproval, "may not write"},
		"by a triager":             {func(h *hub) { h.permit(bob, "triage") }, CheckApproval, "may not write"},
		"by a name of another now": {func(h *hub) { h.in("collaborators/bob/permission")["user"] = person(77, "bob") }, CheckApproval, "belongs to another"},
		"before it was turned to main": {func(h *hub) {
			h.answers["issues/7/events"] = append(array{object{"event": "base_ref_changed", "created_at": day(5)}, object{"event": "base_ref_changed", "created_at": day(11)}}, h.answers["issues/7/events"].(array)...)
		}, CheckApproval, "turned to another branch"},
		"dismissed": {func(h *hub) { h.reviews(reviewBy(1, bob, dismissed, shaHead, 10)) }, CheckApproval, "0 approvals"},
		"dismissed after another": {func(h *hub) {
			h.reviews(reviewBy(1, bob, approved, shaHead, 9), reviewBy(2, bob, dismissed, shaHead, 10))
		}, CheckApproval, "0 approvals"},
		"taken back": {func(h *hub) {
			h.reviews(reviewBy(1, bob, approved, shaHead, 9), reviewBy(2, bob, changesRequested, shaHead, 10))
		}, CheckChanges, "bob requested changes"},
		"taken back on a later page": {func(h *hub) {
			h.reviews(reviewBy(1, bob, approved, shaHead, 8), reviewBy(2, carol, "COMMENTED", shaHead, 9), reviewBy(3, carol, "COMMENTED", shaHead, 9), reviewBy(4, bob, changesRequested, shaHead, 10))
		}, CheckChanges, "bob requested changes"},
		"another's request for changes": {func(h *hub) {
			h.reviews(reviewBy(1, carol, changesRequested, shaOlder, 5), reviewBy(2, bob, approved, shaHead, 10))
		}, CheckChanges, "carol requested changes"},
		"a request for changes after the merge": {func(h *hub) {
			h.reviews(reviewBy(1, bob, approved, shaHead, 10), reviewBy(2, carol, changesRequested, shaHead, 25))
		}, CheckChanges, "carol requested changes"},
		"a deleted account's request for changes": {func(h *hub) {
			h.reviews(reviewBy(1, nil, changesRequested, shaHead, 5), reviewBy(2, bob, approved, shaHead, 10))
		}, CheckChanges, "a deleted account"},
		"two wanted, and one account twice": {func(h *hub) {
			h.policy(shaRelease, object{"approval": "review", "approvals": 2})
			h.reviews(reviewBy(1, bob, approved, shaHead, 9), reviewBy(2, bob, approved, shaHead, 10))
		}, CheckApproval, "1 approvals count, want 2"},
		"somebody whom the policy does not list": {func(h *hub) {
			h.policy(shaRelease, object{"approval": "review", "reviewers": array{"carol"}})
		}, CheckApproval, "does not list"},
		"more commits than are listed": {func(h *hub) { h.in("pulls/7")["commits"] = 251 }, CheckAuthors, "2 of 251 commits are listed"},
		"an address that belongs to no account": {func(h *hub) {
			h.answers["pulls/7/commits"] = array{written(shaOlder, nil, ada), written(shaHead, ada, ada)}
		}, CheckAuthors, "belongs to no account"},
		"an author whose account was deleted":      {func(h *hub) { h.in("pulls/7")["user"] = nil }, CheckApproval, "the account of the author was deleted"},
		"rules that were bypassed":                 {func(h *hub) { h.answers["rulesets/rule-suites"].(array)[0].(object)["result"] = "bypass" }, CheckBypass, `"bypass"`},
		"rules that failed":                        {func(h *hub) { h.answers["rulesets/rule-suites"].(array)[0].(object)["result"] = "fail" }, CheckBypass, `"fail"`},
		"rules that are not in force":              {func(h *hub) { h.answers["rules/branches/main"] = array{} }, CheckRules, "deletion, non_fast_forward, pull_request"},
		"rules that allow a rebase":                {func(h *hub) { ruleOf(h)["allowed_merge_methods"] = array{"squash", "rebase"} }, CheckRules, "rebase"},
		"rules that name no merge method":          {func(h *hub) { delete(ruleOf(h), "allowed_merge_methods") }, CheckRules, "rebase"},
		"rules without a review":                   {func(h *hub) { ruleOf(h)["required_approving_review_count"] = 0 }, CheckRules, "required_approving_review_count"},
		"rules that keep stale reviews":            {func(h *hub) { ruleOf(h)["dismiss_stale_reviews_on_push"] = false }, CheckRules, "dismiss_stale_reviews_on_push"},
		"rules by which the last push is approved": {func(h *hub) { ruleOf(h)["require_last_push_approval"] = false }, CheckRules, "require_last_push_approval"},
		"rules without a status check":             {func(h *hub) { h.answers["rules/branches/main"] = h.answers["rules/branches/main"].(array)[:3] }, CheckRules, "required_status_checks"},
		"owners that are not asked":                {func(h *hub) { ruleOf(h)["require_code_owner_review"] = false }, CheckOwners, "no rule in force"},
		"owners that cannot be found": {func(h *hub) {
			h.answers["codeowners/errors"] = object{"errors": array{object{"line": 3, "message": "Unknown owner"}}}
		}, CheckOwners, "Unknown owner"},
		"a commit that is not on main": {func(h *hub) {
			h.answers["git/ref/heads/main"] = refTo("commit", shaOther)
			h.answers["compare/"+shaCommit+"...main"] = object{"status": "diverged"}
		}, CheckBranch, "not on main"},
		"a release that a person made": {func(h *hub) { h.answers["releases"] = array{release("v1", ada)} }, CheckHistory, "nothing says after which commit"},
		"a draft of a release":         {func(h *hub) { h.answers["releases"].(array)[0].(object)["draft"] = true }, CheckHistory, "nothing says after which commit"},
		"a release by a workflow of a branch": {func(h *hub) {
			run := releaseRun(shaRelease)
			run["head_branch"] = "work"
			h.answers["actions/workflows/release.yml/runs"] = object{"workflow_runs": array{run}}
		}, CheckRelease, "no run of .github/workflows/release.yml on main is of its commit"},
		"a release by another workflow": {func(h *hub) {
			run := releaseRun(shaRelease)
			run["path"] = ".github/workflows/mine.yml"
			h.answers["actions/workflows/release.yml/runs"] = object{"workflow_runs": array{run}}
		}, CheckRelease, "no run"},
		"a release by the run of a pull request": {func(h *hub) {
			run := releaseRun(shaRelease)
			run["event"] = "pull_request"
			h.answers["actions/workflows/release.yml/runs"] = object{"workflow_runs": array{run}}
		}, CheckRelease, "no run"},
		"a release whose run was of another commit": {func(h *hub) {
			h.answers["actions/workflows/release.yml/runs"] = object{"workflow_runs": array{releaseRun(shaOther)}}
		}, CheckRelease, "no run"},
		"a release of a commit that its run refused": {func(h *hub) {
			h.answers["actions/runs/41/jobs"] = object{"jobs": array{jobOf("plan", shaRelease, "success"), jobOf("approved", shaRelease, "failure"), jobOf("build", shaRelease, "skipped")}}
		}, CheckRelease, "in the run 41 of .github/workflows/release.yml its commit 111111111111 was not approved"},
		"a release whose run goes on": {func(h *hub) {
			h.answers["actions/runs/41/jobs"] = object{"jobs": array{jobOf("approved", shaRelease, nil)}}
		}, CheckRelease, "was not approved"},
		"an unreviewed commit that a forged release hides": {func(h *hub) {
			h.merge(shaOther, shaRelease)
			h.answers["commits/"+shaOther+"/pulls"] = array{}
			h.answers["releases"] = array{release("v9", robot), release("v1", robot)}
			h.answers["git/ref/tags/v9"] = refTo("commit", shaOther)
		}, CheckPull, "pushed directly"},
		"a tag that was moved to an unreviewed commit": {func(h *hub) {
			h.merge(shaOther, shaRelease)
			h.answers["commits/"+shaOther+"/pulls"] = array{}
			h.answers["git/ref/tags/v1"] = refTo("commit", shaOther)
		}, CheckRelease, "no run"},
		"an owner who did not approve": {func(h *hub) { h.owners("* @bob\n/release/ @carol") }, CheckOwners, `"release/model.lock" is owned by @carol, none of whom approved`},
		"an owner of where a file was": {func(h *hub) { h.owners("* @bob\ndocs/old.md @carol") }, CheckOwners, `"docs/old.md" is owned by @carol`},
		"the author owns it":           {func(h *hub) { h.owners("* @bob\n.env @ada") }, CheckOwners, `".env" is owned by @ada`},
		"an owner whose approval does not count": {func(h *hub) {
			h.owners("* @carol")
			h.reviews(reviewBy(1, bob, approved, shaHead, 10), reviewBy(2, carol, approved, shaOlder, 9))
		}, CheckOwners, "owned by @carol"},
		"owners of the commit itself": {func(h *hub) {
			h.owners("* @carol")
			h.answers["contents/.github/CODEOWNERS@"+shaCommit] = object{"type": "file", "encoding": "base64", "content": base64.StdEncoding.EncodeToString([]byte("* @bob"))}
		}, CheckOwners, "owned by @carol"},
		"an owner in a team of another organisation": {func(h *hub) {
			h.owners("* @evil/models")
			h.answers["orgs/evil/teams/models/memberships/bob"] = object{"state": "active"}
		}, CheckOwners, "owned by @evil/models"},
		"an owner who was invited to a team": {func(h *hub) {
			h.owners("* @acme/models")
			h.answers["orgs/acme/teams/models/memberships/bob"] = object{"state": "pending"}
		}, CheckOwners, "owned by @acme/models"},
		"an owner by address":        {func(h *hub) { h.owners("* bob@example.com") }, CheckOwners, "is an address"},
		"more files than are listed": {func(h *hub) { h.owners("* @bob"); h.in("pulls/7")["changed_files"] = 4 }, CheckOwners, "3 of 4 changed files are listed"},
		"owners that cannot be read": {func(h *hub) { h.owners("!* @bob") }, CheckOwners, "line 1: the pattern"},
		"owners by approval, and an approval of the environment": {func(h *hub) {
			h.policy(shaRelease, object{"approval": "environment", "code_owners": "approval"})
		}, "policy", "is no owner's"},
		"a bot of another name": {func(h *hub) {
			h.answers["releases"] = array{release("v1", object{"id": 5, "login": "evil[bot]", "type": "Bot"})}
		}, CheckHistory, "nothing says"},
		"a tag elsewhere": {func(h *hub) {
			h.answers["git/ref/tags/v1"] = refTo("commit", shaOther)
			h.answers["git/commits/"+shaRelease] = commitOf(shaRelease)
			h.answers["actions/workflows/release.yml/runs"] = object{"workflow_runs": array{releaseRun(shaOther)}}
			h.answers["actions/runs/41/jobs"] = object{"jobs": array{jobOf("approved", shaOther, "success")}}
		}, CheckHistory, "the history ends"},
		"a policy that the commit itself relaxes": {func(h *hub) {
			h.alone()
			h.policy(shaCommit, object{"approval": "environment"})
			delete(h.answers, "contents/.github/review-policy.json@"+shaRelease)
		}, CheckApproval, "0 approvals"},
		"an unreviewed commit that hides itself by since": {func(h *hub) {
			h.merge(shaOther, shaRelease)
			h.policy(shaOther, object{"approval": "review", "since": shaRelease})
			h.policy(shaCommit, object{"approval": "review", "since": shaRelease})
			h.answers["commits/"+shaOther+"/pulls"] = array{}
		}, CheckPull, "pushed directly"},
		"a policy without a reviewer": {func(h *hub) { h.policy(shaRelease, object{"approval": "nobody"}) }, "policy", `approval is "nobody"`},
		"a policy that does without all": {func(h *hub) {
			h.policy(shaRelease, object{"approval": "review", "not_available": object{"approval": "x"}})
		}, "policy", "cannot be done without"},
		"a policy that says a thing twice": {func(h *hub) { h.policy(shaRelease, object{"approval": "review", "Approval": "environment"}) }, "policy", "want it written approval"},
		"alone, and nobody approved":       {func(h *hub) { h.alone(); h.answers["actions/runs/55/approvals"] = array{} }, CheckEnvironment, "nobody approved the run"},
		"alone, and another environment": {func(h *hub) {
			h.alone()
			h.answers["actions/runs/55/approvals"].(array)[0].(object)["environments"] = array{object{"name": "test"}}
		}, CheckEnvironment, "nobody approved"},
		"alone, and the run of another commit": {func(h *hub) { h.alone(); h.in("actions/runs/55")["head_sha"] = shaOther }, CheckEnvironment, "the run 55 is of 555555555555"},
		"alone, and the run of a pull request": {func(h *hub) { h.alone(); h.in("actions/runs/55")["event"] = "pull_request" }, CheckEnvironment, "the run 55"},
		"alone, and the run of another branch": {func(h *hub) { h.alone(); h.in("actions/runs/55")["head_branch"] = "work" }, CheckEnvironment, "the run 55"},
		"alone, and a bot approved":            {func(h *hub) { h.alone(); h.approveRun(robot) }, CheckEnvironment, "by no person"},
		"alone, and a reader approved":         {func(h *hub) { h.alone(); h.approveRun(bob); read(h) }, CheckEnvironment, "may not write"},
		"alone, and the run was rejected": {func(h *hub) {
			h.alone()
			h.answers["actions/runs/55/approvals"] = append(h.answers["actions/runs/55/approvals"].(array), object{"state": "rejected", "comment": "", "user": ada, "environments": array{object{"name": "release"}}})
		}, CheckEnvironment, "rejected"},
		"alone, and an environment without reviewers": {func(h *hub) { h.alone(); h.in("environments/release")["protection_rules"] = array{} }, CheckProtected, "has no reviewers"},
		"alone, and a push without a pull request":    {func(h *hub) { h.alone(); h.answers["commits/"+shaCommit+"/pulls"] = array{} }, CheckPull, "pushed directly"},
		"alone, and a request for changes": {func(h *hub) {
			h.alone()
			h.reviews(reviewBy(1, bob, changesRequested, shaHead, 5))
		}, CheckChanges, "bob requested"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			c.change(h)
			v := h.review(t)
			if v.Approved {
				t.Fatalf("it is approved\n%s", v.Text())
			}
			all := allChecks(v)
			at := slices.IndexFunc(all, func(k Check) bool { return k.Name == c.check && !k.OK() })
			if at < 0 || !strings.Contains(all[at].Detail, c.want) {
				t.Errorf("%s does not refuse with %q\n%s", c.check, c.want, v.Text())
			}
		})
	}
}

func ruleOf(h *hub) object {
	return h.answers["rules/branches/main"].(array)[2].(object)["parameters"].(object)
}

func allChecks(v *Verdict) []Check {
	all := slices.Clone(v.Checks)
	for _, c := range v.Commits {
		all = append(all, c.Checks...)
	}
	return all
}

// questions are the paths that each check asks for.
var questions = map[string][]string{
	CheckBranch:      {"git/ref/heads/main"},
	CheckHistory:     {"git/commits/" + shaCommit, "releases", "git/ref/tags/v1"},
	CheckRelease:     {"actions/workflows/release.yml/runs", "actions/runs/41/jobs"},
	CheckRules:       {"rules/branches/main"},
	CheckPull:        {"commits/" + shaCommit + "/pulls", "pulls/7"},
	CheckAuthors:     {"pulls/7/commits"},
	CheckBase:        {"issues/7/events"},
	CheckApproval:    {"pulls/7/reviews"},
	CheckPermission:  {"collaborators/bob/permission"},
	CheckOwners:      {"codeowners/errors"},
	CheckBypass:      {"rulesets/rule-suites"},
	CheckProtected:   {"environments/release"},
	CheckEnvironment: {"actions/runs/55", "actions/runs/55/approvals"},
}

// TestNoReply refuses each check that could not be asked and says what is missing; and
// accepts it if the policy of the commit before names it, where it may.
func TestNoReply(t *testing.T) {
	for name, paths := range questions {
		for _, path := range paths {
			for _, status := range []int{http.StatusForbidden, http.StatusNotFound} {
				t.Run(fmt.Sprintf("%s %s %d", name, strings.ReplaceAll(path, "/", "-"), status), func(t *testing.T) {
					h := newHub(t)
					alone := name == CheckEnvironment || name == CheckProtected
					if alone {
						h.alone()
					}
					h.refused[path] = status
					check := found(t, h.review(t), name)
					if check.Outcome != NoReply || check.OK() || check.Missing == "" || !strings.Contains(check.Detail, fmt.Sprint(status)) || strings.Contains(check.Detail, token) {
						t.Errorf("%+v", check)
					}
					// As of the commit itself, the policy does not count.
					named := object{"approval": "review", "reviewers": array{"bob", "ada"}, "not_available": object{name: "the plan lacks it"}}
					if alone {
						named = object{"approval": "environment", "not_available": object{name: "the plan lacks it", CheckOwners: "none", CheckBypass: "no permission"}}
					}
					if name == CheckRules { // by which the owners of code are asked, too
						named["not_available"].(object)[CheckOwners] = "the plan lacks it"
					}
					h.policy(shaCommit, named)
					if v := h.review(t); v.Approved {
						t.Error("a policy of the judged commit counts")
					}
					h.policy(shaRelease, named)
					v := h.review(t)
					if optional := slices.Contains(optional, name); v.Approved != optional {
						t.Fatalf("approved is %t, want %t\n%s", v.Approved, optional, v.Text())
					} else if optional && found(t, v, name).NotAvailable != "the plan lacks it" {
						t.Errorf("the verdict does not carry that the policy does without %s: %+v", name, found(t, v, name))
					}
				})
			}
		}
	}
}

func found(t *testing.T, v *Verdict, name string) Check {
	t.Helper()
	all := allChecks(v)
	at := slices.IndexFunc(all, func(c Check) bool { return c.Name == name })
	if at < 0 {
		t.Fatalf("there is no check %s\n%s", name, v.Text())
	}
	return all[at]
}

// TestOutcomes wants every check to have all three outcomes in the tests above.
func TestOutcomes(t *testing.T) {
	for name := range missing {
		if name != CheckMerge && name != CheckChanges && questions[name] == nil { // what these two need was asked for another
			t.Errorf("nothing says what %s asks for", name)
		}
	}
	if asked := slices.Sorted(maps.Keys(questions)); len(asked) != len(missing)-2 {
		t.Errorf("questions of %v", asked)
	}
}

// TestPermissionListed counts an approval of a listed reviewer alone where nobody can say
// who may write.
func TestPermissionListed(t *testing.T) {
	h := newHub(t)
	h.refused["collaborators/bob/permission"] = http.StatusNotFound
	h.policy(shaRelease, object{"approval": "review", "reviewers": array{"carol"}, "not_available": object{CheckPermission: "no collaborators are shown"}})
	if v := h.review(t); v.Approved {
		t.Error(v.Text())
	}
	h.policy(shaRelease, object{"approval": "review", "not_available": object{CheckPermission: "no collaborators are shown"}})
	if v := h.review(t); v.Approved || found(t, v, "policy").Outcome != Failed {
		t.Error(v.Text())
	}
}

// TestVerdictJSON reads a verdict again, strictly.
func TestVerdictJSON(t *testing.T) {
	h := newHub(t)
	h.alone()
	v := h.review(t)
	b, err := fileio.MarshalJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	read, err := ParseVerdict(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(read)
	if first, _ := json.Marshal(v); err != nil || string(again) != string(first) {
		t.Errorf("written again it differs: %v\n%s\n%s", err, first, again)
	}
	if read.Environment.By.Login != "ada" || read.Environment.Comment != "looks right" || read.Run != 55 || read.Since.From != "release v1" || read.Commits[0].Policy.Approval != "environment" {
		t.Errorf("%s", b)
	}
	forged := strings.Replace(string(b), `"outcome": "passed"`, `"outcome": "failed"`, 1)
	if _, err := ParseVerdict([]byte(forged)); err == nil || !strings.Contains(err.Error(), "is not what its checks say") {
		t.Errorf("a verdict with a failed check is read: %v", err)
	}
	for _, want := range []string{"decision  approved\nreason    approved by its author\n", "the policy does without it here: GITHUB_TOKEN cannot have administration: read"} {
		if !strings.Contains(v.Text(), want) {
			t.Errorf("the text lacks %q:\n%s", want, v.Text())
		}
	}
}
