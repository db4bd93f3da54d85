package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Limits of what is asked.
const (
	attempts    = 5               // of a request that fails for a passing reason
	longestWait = 2 * time.Minute // for a rate limit
	maxAnswer   = 16 << 20        // bytes
	maxAnswers  = 128 << 20       // bytes of all of them
	maxPages    = 50              // of a list, with pageSize entries each
	pageSize    = 100
	timeout     = 30 * time.Second // of a request
)

// apiVersion is the version of GitHub's REST API that the answers are read as.
const apiVersion = "2022-11-28"

// Client asks the REST API of GitHub about one repository. Its token is sent to that API
// alone and is part of no message.
type Client struct {
	Repository string // "OWNER/NAME"

	base    *url.URL
	token   string
	http    *http.Client
	wait    func(context.Context, time.Duration) error
	now     func() time.Time
	answers map[string]answered // by address
	left    int                 // bytes of answers that are taken yet
}

var repositoryName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)

// NewClient makes a client for the API at an address such as https://api.github.com. An
// address without https is refused unless it is this machine, since the token would be
// sent in the clear.
func NewClient(api, repository, token string) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(api, "/"))
	switch {
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "":
		return nil, config.Usagef("the API's address %q is none: want one such as https://api.github.com", api)
	case base.Scheme != "https" && (base.Scheme != "http" || !isLoopback(base.Hostname())):
		return nil, config.Usagef("the API's address %s is not https, so that the token would be sent in the clear", base)
	case !repositoryName.MatchString(repository), strings.HasSuffix(repository, "/."), strings.HasSuffix(repository, "/.."):
		return nil, config.Usagef("%q is no repository of GitHub: want OWNER/NAME, as --repository or in GITHUB_REPOSITORY", repository)
	}
	return &Client{
		Repository: repository, base: base, token: token, wait: sleep, now: time.Now, answers: map[string]answered{}, left: maxAnswers,
		http: &http.Client{
			Timeout: timeout,
			// A repository that was renamed is redirected. What is asked about then is
			// another one than was named.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Unasked is the error of a question that the API refuses to answer, or for which it finds
// nothing: with a token that lacks a permission it may say either.
type Unasked struct {
	Path   string
	Status int
	Needs  string // the permission, as far as the answer says
	Says   string // the answer's message
}

// Error implements error.
func (u *Unasked) Error() string {
	if u.Status == 0 { // the answer came, and does not say what was asked for
		return u.Says
	}
	return fmt.Sprintf("GET %s: %d %s: %s", u.Path, u.Status, http.StatusText(u.Status), u.Says)
}

// missing is what was missing: what the answer says, before what is usually missing.
func (u *Unasked) missing(usually string) string {
	if u.Needs == "" {
		return usually
	}
	return fmt.Sprintf("permission %.100q; usually %s", u.Needs, usually)
}

// form is of all answers.
var form = fileio.Form{MaxBytes: maxAnswer, Open: true}

// get asks for a path of the repository, such as "pulls/3", and decodes the answer into v,
// a pointer. An answer 403 or 404 is an [Unasked], unless a rate limit is the cause.
func (c *Client) get(ctx context.Context, path string, v any) error {
	return c.getAt(ctx, c.address(path), path, v)
}

// getAt is get for an address of the API and a name for it in errors.
func (c *Client) getAt(ctx context.Context, address *url.URL, path string, v any) error {
	body, _, err := c.ask(ctx, address)
	if err != nil {
		return err
	}
	return named(path, fileio.DecodeJSON(body, v, form))
}

// list asks for all pages of a list.
func list[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var all []T
	address := c.address(path)
	query := address.Query()
	query.Set("per_page", strconv.Itoa(pageSize))
	address.RawQuery = query.Encode()
	for range maxPages {
		body, next, err := c.ask(ctx, address)
		if err != nil {
			return nil, err
		}
		var page []T
		if err := fileio.DecodeJSON(body, &page, form); err != nil {
			return nil, named(path, err)
		}
		all = append(all, page...)
		if next == nil {
			return all, nil
		}
		address = next
	}
	return nil, fmt.Errorf("GET %s: more than %d pages", path, maxPages)
}

func named(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("GET %s: the answer is not as expected: %w", path, err)
}

// address is that of a path of the repository.
func (c *Client) address(path string) *url.URL {
	path, query, _ := strings.Cut(path, "?")
	address := c.base.JoinPath("repos", c.Repository, path)
	address.RawQuery = query
	return address
}

// ask returns the body at an address and, of a list, the address of the next page. Each
// address is asked once.
func (c *Client) ask(ctx context.Context, address *url.URL) ([]byte, *url.URL, error) {
	key := address.String()
	if a, known := c.answers[key]; known {
		return a.body, a.next, nil
	}
	var err error
	for attempt := range attempts {
		var a *answer
		if a, err = c.once(ctx, address); err == nil {
			next, err := c.next(address, a.header.Get("Link"))
			if err == nil {
				c.answers[key] = answered{a.body, next}
			}
			return a.body, next, err
		}
		var passing *passingError
		if !errors.As(err, &passing) || attempt == attempts-1 {
			break
		}
		pause := time.Second << attempt
		if passing.after > 0 {
			pause = passing.after
		}
		if pause > longestWait {
			return nil, nil, fmt.Errorf("%w; it asks to wait for %s: try again then", err, pause.Round(time.Second))
		}
		if err := c.wait(ctx, pause); err != nil {
			return nil, nil, err
		}
	}
	return nil, nil, err
}

// passingError is one that may not come again.
type passingError struct {
	err   error
	after time.Duration // that the server asks to wait; 0: it does not say
}

func (p *passingError) Error() string { return p.err.Error() }
func (p *passingError) Unwrap() error { return p.err }

// answered is what was asked already.
type answered struct {
	body []byte
	next *url.URL
}

type answer struct {
	body   []byte
	header http.Header
}

// once asks once.
func (c *Client) once(ctx context.Context, address *url.URL) (*answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("X-GitHub-Api-Version", apiVersion)
	request.Header.Set("User-Agent", "blocktrain")
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &passingError{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	body, response.Header = c.withoutToken(body, response.Header)
	c.left -= len(body)
	switch {
	case c.left < 0:
		return nil, fmt.Errorf("GET %s: the answers have more than %d bytes together", address.Path, maxAnswers)
	case err != nil:
		return nil, &passingError{err: fmt.Errorf("GET %s: %w", address.Path, err)}
	case len(body) > maxAnswer:
		return nil, fmt.Errorf("GET %s: more than %d bytes", address.Path, maxAnswer)
	case response.StatusCode == http.StatusOK:
		return &answer{body, response.Header}, nil
	}
	return nil, c.refusal(address, response, body)
}

// withoutToken is an answer without the token, which somebody may send back: what an answer
// says gets into messages and verdicts.
func (c *Client) withoutToken(body []byte, header http.Header) ([]byte, http.Header) {
	if len(c.token) < shortestToken { // which would be found in words that mean something else
		return body, header
	}
	for _, values := range header {
		for i, value := range values {
			values[i] = strings.ReplaceAll(value, c.token, hidden)
		}
	}
	return bytes.ReplaceAll(body, []byte(c.token), []byte(hidden)), header
}

// shortestToken is less than any token of GitHub has.
const shortestToken = 8

// hidden stands for the token.
const hidden = "***"

// refusal is the error of an answer that is not 200.
func (c *Client) refusal(address *url.URL, response *http.Response, body []byte) error {
	says := message(body)
	_, path, ours := strings.Cut(address.Path, "repos/"+c.Repository+"/")
	if !ours {
		path = address.Path
	}
	err := fmt.Errorf("GET %s: %s: %s", path, response.Status, says)
	status := response.StatusCode
	switch {
	case status >= 500:
		return &passingError{err: err}
	case status == http.StatusTooManyRequests, status == http.StatusForbidden && limited(response.Header, says):
		return &passingError{fmt.Errorf("the rate limit is reached: %w", err), c.after(response.Header)}
	case status == http.StatusForbidden, status == http.StatusNotFound:
		return &Unasked{path, status, response.Header.Get("X-Accepted-GitHub-Permissions"), says}
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%w: the token in GITHUB_TOKEN is not valid, or is missing", err)
	case status >= 300 && status < 400:
		return fmt.Errorf("%w: the repository was renamed or moved: name it as it is called now", err)
	}
	return err
}

// limited says of an answer 403 that a rate limit is its cause.
func limited(header http.Header, says string) bool {
	return header.Get("Retry-After") != "" || header.Get("X-RateLimit-Remaining") == "0" || strings.Contains(strings.ToLower(says), "rate limit")
}

// after is how long the server asks to wait.
func (c *Client) after(header http.Header) time.Duration {
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		return max(time.Unix(at, 0).Sub(c.now()), time.Second)
	}
	return 0
}

// message is what an answer says was wrong, shortened.
func message(body []byte) string {
	var said struct {
		Message string `json:"message"`
	}
	text := "without a message"
	if fileio.DecodeJSON(body, &said, form) == nil && said.Message != "" {
		text = said.Message
	} else if body = bytes.TrimSpace(body); len(body) > 0 {
		text = string(body)
	}
	return fmt.Sprintf("%.200q", text)
}

// nextLink finds the address of the next page in the header Link.
var nextLink = regexp.MustCompile(`<([^>]*)>; *rel="next"`)

// next is the address of the next page, nil after the last. One elsewhere is refused,
// since it would get the token.
func (c *Client) next(from *url.URL, link string) (*url.URL, error) {
	found := nextLink.FindStringSubmatch(link)
	if found == nil {
		return nil, nil
	}
	next, err := url.Parse(found[1])
	if err != nil || next.Scheme != c.base.Scheme || next.Host != c.base.Host || next.User != nil {
		return nil, fmt.Errorf("GET %s: the next page is said to be at %q, which is not the API asked", from.Path, found[1])
	}
	return next, nil
}
