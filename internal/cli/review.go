package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/review"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// reviewing is what the commands that ask GitHub are asked for.
type reviewing struct {
	api, repository, commit, branch, output string
	run                                     int
	json                                    bool
}

// declare declares what says whom to ask.
func (r *reviewing) declare(o *config.Options) {
	o.String(&r.repository, "repository", "", "repository on GitHub, OWNER/NAME; empty: GITHUB_REPOSITORY")
	o.String(&r.api, "api", "", "address of GitHub's API; empty: GITHUB_API_URL, or https://api.github.com")
	o.Bool(&r.json, "json", false, "write JSON")
	o.FromFlags() // a file of the repository that is judged must not say whom to ask, since whoever is asked gets the token
}

func reviewCommand() *command {
	var r reviewing
	return &command{
		flagsAlone: true,
		use:        "review", short: "ask GitHub whether the commits of a release were approved", group: groupReview,
		long: `Asks GitHub about each commit since the last release that the workflow made:
whether it is the merge of one pull request, made by GitHub, of the revision
that a person approved before the merge who may write and wrote no part of it;
whether a request for changes stands; and which rules are in force. Anything
else refuses: exit code 3. A check that could not be asked refuses too, unless
.github/review-policy.json, as it was before the commit, says that it is not
available here.

The token comes from GITHUB_TOKEN or GH_TOKEN. In a workflow it takes the
permissions contents: read, pull-requests: read and actions: read. Commit,
repository and run are those of the workflow, by GITHUB_SHA and its like.
BLOCKTRAIN_ variables and .env do not count.`,
		example: `  blocktrain review --output review.json
  blocktrain review --repository acme/fruit --commit $(git rev-parse HEAD)
  blocktrain review rules`,
		own: func(o *config.Options) {
			r.declare(o)
			o.String(&r.commit, "commit", "", "commit to release; empty: GITHUB_SHA")
			o.String(&r.branch, "branch", "main", "branch that commits are merged into")
			o.Int(&r.run, "run-id", 0, "run of the workflow, for an approval of its environment; 0: GITHUB_RUN_ID", config.AtLeast(0))
			o.String(&r.output, "output", "", "file for the verdict as JSON; empty: none")
			o.FromFlags()
		},
		run:      func(ctx context.Context, c *call) error { return c.review(ctx, r) },
		children: []*command{reviewRulesCommand()},
	}
}

func reviewRulesCommand() *command {
	var r reviewing
	return &command{
		flagsAlone: true,
		use:        "rules", short: "compare rules on GitHub with the files that set them", group: groupReview,
		long: `Compares the rulesets in .github/rulesets and the environments in
.github/environments of this folder with what GitHub has. Exit code 4 says that
something differs, 3 that something could not be asked. What only an
administrator is shown, such as who may bypass a rule, takes the token of one.`,
		example: `  GITHUB_TOKEN=$(gh auth token) blocktrain review rules --repository acme/fruit`,
		own:     r.declare,
		run:     func(ctx context.Context, c *call) error { return c.compareRules(ctx, r) },
	}
}

// variable is the first of some variables of the environment that has a value.
func (c *call) variable(names ...string) string {
	for _, name := range names {
		for _, v := range c.environ {
			if value, is := strings.CutPrefix(v, name+"="); is && value != "" {
				return value
			}
		}
	}
	return ""
}

// client asks as the flags and the workflow's variables say.
func (c *call) client(r *reviewing) (*review.Client, error) {
	first := func(value *string, otherwise ...string) {
		if *value == "" {
			*value = c.variable(otherwise...)
		}
	}
	first(&r.repository, "GITHUB_REPOSITORY")
	first(&r.commit, "GITHUB_SHA")
	first(&r.api, "GITHUB_API_URL")
	if r.api == "" {
		r.api = "https://api.github.com"
	}
	token := c.variable("GITHUB_TOKEN", "GH_TOKEN")
	if token == "" {
		return nil, config.Usagef("no token to ask GitHub with: set GITHUB_TOKEN, in a workflow to ${{ github.token }}")
	}
	return review.NewClient(r.api, r.repository, token)
}

func (c *call) review(ctx context.Context, r reviewing) error {
	client, err := c.client(&r)
	if err != nil {
		return err
	}
	request := review.Request{Commit: r.commit, Branch: r.branch, Run: int64(r.run)}
	if text := c.variable("GITHUB_RUN_ID"); r.run == 0 && text != "" {
		if request.Run, err = strconv.ParseInt(text, 10, 64); err != nil {
			return config.Usagef("GITHUB_RUN_ID is %.40q, want a number", text)
		}
	}
	verdict, err := client.Review(ctx, request)
	if err != nil {
		return fmt.Errorf("whether the commit was approved could not be found out: %w", err)
	}
	if r.output != "" {
		err = fileio.WriteJSON(r.output, verdict)
	}
	if r.json {
		err = errors.Join(err, writeJSON(c.stdout, verdict))
	} else {
		c.print(verdict.Text())
	}
	if err == nil && !verdict.Approved {
		err = fmt.Errorf("%w: %s", rundir.ErrRefused, verdict.Reason)
	}
	return err
}

func (c *call) compareRules(ctx context.Context, r reviewing) error {
	client, err := c.client(&r)
	if err != nil {
		return err
	}
	found, err := client.CompareRules(ctx, ".")
	if err != nil {
		return err
	}
	if r.json {
		err = writeJSON(c.stdout, found)
	} else {
		c.print(found.Text())
	}
	switch {
	case err != nil || found.Same:
		return err
	case len(found.Differences) > 0:
		return fmt.Errorf("%w: %d settings of %s are not as the files say, the first: %s", rundir.ErrDifference, len(found.Differences), found.Repository, found.Differences[0])
	}
	return fmt.Errorf("%w: %s %s", rundir.ErrRefused, found.Checks[0].Name, found.Checks[0].Outcome)
}
