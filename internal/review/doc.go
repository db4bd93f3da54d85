// Package review finds out from GitHub whether the commits that a release is made of were
// approved: whether each came to the branch by a pull request that somebody else than its
// writers approved as it was merged.
//
// Nothing of a commit is believed because somebody wrote it. What a person with write access
// can do without a reviewer is taken for done: pushing past the rules, merging with an
// administrator's rights, approving by a second account without write access or by a bot,
// approving an older revision or after the merge, and approving one's own commits.
//
// Each check passes, fails, or could not be asked (403 or 404). The last refuses, unless the
// policy names the check as not available here. The policy is .github/review-policy.json as it
// was before the commit that is judged, so that no commit can relax the rules by which it is
// judged.
package review
