package review

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Ways in which the owners of code are asked.
const (
	OwnersByRule     = "rule"     // a rule of the branch has GitHub ask them
	OwnersByApproval = "approval" // the approvals are compared with CODEOWNERS here
)

// ownersFiles are where GitHub looks for CODEOWNERS, in this order.
var ownersFiles = []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}

// maxPullFiles is how many files of a pull request the API lists.
const maxPullFiles = 3000

// ownership is a line of CODEOWNERS.
type ownership struct {
	line    int
	pattern *regexp.Regexp
	owners  []string // "@LOGIN", "@ORGANISATION/TEAM" or an address; none: nobody owns what it matches
}

// parseOwners reads CODEOWNERS.
func parseOwners(text string) ([]ownership, error) {
	var all []ownership
	number := 0
	for line := range strings.Lines(text) {
		number++
		fields := ownersFields(line)
		if len(fields) == 0 {
			continue
		}
		pattern, err := ownersPattern(fields[0])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		for _, owner := range fields[1:] {
			if !strings.Contains(owner, "@") || strings.HasSuffix(owner, "@") {
				return nil, fmt.Errorf("line %d: the owner %.60q is none: want @LOGIN, @ORGANISATION/TEAM or an address", number, owner)
			}
		}
		all = append(all, ownership{number, pattern, fields[1:]})
	}
	return all, nil
}

// ownersFields are the words of a line, without its comment. A space with a backslash before
// it is part of a word.
func ownersFields(line string) []string {
	const space = "\x00"
	fields := strings.Fields(strings.ReplaceAll(line, `\ `, space))
	for i, field := range fields {
		if strings.HasPrefix(field, "#") {
			return fields[:i]
		}
		fields[i] = strings.ReplaceAll(field, space, " ")
	}
	return fields
}

// ownersPattern is a pattern of CODEOWNERS as a regular expression. These are patterns of
// gitignore, without negation and sets. "docs/*" matches no file in folders below.
func ownersPattern(text string) (*regexp.Regexp, error) {
	if strings.ContainsAny(text, `[]!\`) || strings.Trim(text, "/") == "" {
		return nil, fmt.Errorf("the pattern %.60q is none of CODEOWNERS, which has *, **, ? and names", text)
	}
	p, rooted := strings.CutPrefix(text, "/")
	p, folder := strings.CutSuffix(p, "/")
	var b strings.Builder
	b.WriteString("^")
	if !rooted && !strings.Contains(p, "/") {
		b.WriteString("(?:.*/)?")
	}
	parts := strings.Split(p, "/")
	for i, part := range parts {
		last := i == len(parts)-1
		switch {
		case part == "**" && last:
			b.WriteString(".*")
			continue
		case part == "**":
			b.WriteString("(?:.*/)?")
			continue
		}
		part = regexp.QuoteMeta(part)
		b.WriteString(strings.NewReplacer(`\*\*`, "[^/]*", `\*`, "[^/]*", `\?`, "[^/]").Replace(part))
		if !last {
			b.WriteString("/")
		}
	}
	switch {
	case folder:
		b.WriteString("/.*")
	case parts[len(parts)-1] != "*" || len(parts) == 1 && !rooted:
		b.WriteString("(?:/.*)?")
	}
	return regexp.Compile(b.String() + "$")
}

// ownersOf are the owners of a path: those of the last line that matches it.
func ownersOf(all []ownership, path string) []string {
	for _, o := range slices.Backward(all) {
		if o.pattern.MatchString(path) {
			return o.owners
		}
	}
	return nil
}

// ownersApproved enters whether an owner of each changed path approved, by CODEOWNERS as of
// the commit before.
func (j *judgement) ownersApproved(ctx context.Context, p *pull) error {
	all, err := j.ownersAt(ctx, j.Base)
	var bad *badPolicy
	if errors.As(err, &bad) {
		return j.add(CheckOwners, bad.Error(), false, nil)
	}
	if err != nil {
		return j.add(CheckOwners, "", false, err)
	}
	paths, detail, err := j.changedPaths(ctx, p)
	if err != nil || detail != "" {
		return j.add(CheckOwners, detail, false, err)
	}
	owned := 0
	asked := map[string]error{} // what came of each list of owners
	for _, path := range paths {
		owners := ownersOf(all, path)
		if len(owners) == 0 {
			continue
		}
		owned++
		key := strings.Join(owners, " ")
		if _, known := asked[key]; !known {
			asked[key] = j.anyApproved(ctx, owners)
		}
		switch err := asked[key]; {
		case errors.Is(err, errNotApproved):
			return j.add(CheckOwners, fmt.Sprintf("%.200q is owned by %.200s, none of whom approved", path, key), false, nil)
		case err != nil:
			return j.add(CheckOwners, "", false, err)
		}
	}
	return j.add(CheckOwners, fmt.Sprintf("of %d changed paths %d have owners, and one of each approved", len(paths), owned), true, nil)
}

var errNotApproved = errors.New("no owner approved")

// anyApproved is nil if the approval of one of the owners counts. Where that depends on a team
// that is not shown, or on an address, it is [Unasked].
func (j *judgement) anyApproved(ctx context.Context, owners []string) error {
	result := errNotApproved
	for _, owner := range owners {
		name, account := strings.CutPrefix(owner, "@")
		for i := range j.Reviews {
			r := &j.Reviews[i]
			if !r.Counts {
				continue
			}
			err := errNotApproved
			organisation, team, isTeam := strings.Cut(name, "/")
			switch {
			case !account:
				err = &Unasked{Path: "CODEOWNERS", Says: fmt.Sprintf("the owner %.60q is an address, which no API compares with accounts: name the account", owner)}
			case isTeam:
				err = j.member(ctx, organisation, team, r.login())
			case strings.EqualFold(name, r.login()):
				err = nil
			}
			var unasked *Unasked
			switch {
			case err == nil:
				return nil
			case errors.As(err, &unasked):
				result = err
			case !errors.Is(err, errNotApproved):
				return err
			}
		}
	}
	return result
}

// member is nil if an account belongs to a team. GitHub says 404 of who does not, and of all
// where the token may not see the team.
func (j *judgement) member(ctx context.Context, organisation, team, login string) error {
	if owner, _, _ := strings.Cut(j.Repository, "/"); !strings.EqualFold(owner, organisation) {
		return errNotApproved // teams of other organisations own nothing here
	}
	path := fmt.Sprintf("orgs/%s/teams/%s/memberships/%s", url.PathEscape(organisation), url.PathEscape(team), url.PathEscape(login))
	var found struct {
		State string `json:"state"`
	}
	err := j.getAt(ctx, j.base.JoinPath(path), path, &found)
	var unasked *Unasked
	switch {
	case errors.As(err, &unasked):
		unasked.Needs = "organization members=read, which GITHUB_TOKEN cannot have"
		return unasked
	case err != nil:
		return err
	case found.State != "active":
		return errNotApproved
	}
	return nil
}

// ownersAt is CODEOWNERS as of a commit.
func (j *judgement) ownersAt(ctx context.Context, sha string) ([]ownership, error) {
	var missing error
	for _, file := range ownersFiles {
		var found content
		err := j.get(ctx, "contents/"+file+"?ref="+sha, &found)
		var unasked *Unasked
		switch {
		case errors.As(err, &unasked) && unasked.Status == http.StatusNotFound:
			missing = err
			continue
		case err != nil:
			return nil, err
		case found.Type != "file" || found.Encoding != "base64":
			return nil, &badPolicy{fmt.Errorf("%s of %s is no file, or a large one", file, short(sha))}
		}
		text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(found.Content, "\n", ""))
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", file, short(sha), err)
		}
		all, err := parseOwners(string(text))
		if err != nil {
			return nil, &badPolicy{fmt.Errorf("%s of commit %s: %w", file, short(sha), err)}
		}
		return all, nil
	}
	return nil, missing
}

// changedPaths are the paths that a pull request changes, also those from which it moves
// files; or why they are not known.
func (j *judgement) changedPaths(ctx context.Context, p *pull) ([]string, string, error) {
	files, err := list[pullFile](ctx, j.Client, fmt.Sprintf("pulls/%d/files", p.Number))
	if err != nil {
		return nil, "", err
	}
	if len(files) != p.ChangedFiles || len(files) >= maxPullFiles {
		return nil, fmt.Sprintf("%d of %d changed files are listed: GitHub lists %d at most", len(files), p.ChangedFiles, maxPullFiles), nil
	}
	var paths []string
	for _, file := range files {
		paths = append(paths, file.Filename)
		if file.Previous != "" {
			paths = append(paths, file.Previous)
		}
	}
	return paths, "", nil
}
