package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// The types of answers. Triton answers errors in plain text until it has read the request.
const (
	typePlain  = "text/plain"
	typeJSON   = "application/json"
	typeBinary = "application/octet-stream"
)

const (
	wrongMethod = "Method Not Allowed"
	notFound    = "Not Found"
)

// route is what answers a path: requests of one method alone.
type route struct {
	path   *regexp.Regexp // of the whole path, as it was sent
	method string
	errors string // the type of the answer to another method
	serve  func(s *Server, w http.ResponseWriter, r *http.Request, to address)
}

// address is the model and version that a path names; version is empty where it names none.
type address struct{ model, version string }

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile("^" + pattern + "$") }

const ofModel = `/v2/models/([^/]+)(?:/versions/([0-9]+))?`

// routes are tried in order.
var routes = []route{
	{whole(`/v2/health/live`), http.MethodGet, typePlain, (*Server).live},
	{whole(`/v2/health/ready`), http.MethodGet, typePlain, (*Server).ready},
	{whole(`/v2`), http.MethodGet, typeJSON, (*Server).about},
	{whole(`/v2/models/stats`), http.MethodGet, typeJSON, (*Server).allStatistics},
	{whole(ofModel), http.MethodGet, typeJSON, (*Server).modelMetadata},
	{whole(ofModel + `/ready`), http.MethodGet, typePlain, (*Server).modelReady},
	{whole(ofModel + `/config`), http.MethodGet, typeJSON, (*Server).modelConfig},
	{whole(ofModel + `/stats`), http.MethodGet, typeJSON, (*Server).modelStatistics},
	{whole(ofModel + `/infer`), http.MethodPost, typePlain, (*Server).infer},
	{whole(ofModel + `/generate`), http.MethodPost, typeJSON, (*Server).generate},
	{whole(ofModel + `/image`), http.MethodPost, typePlain, (*Server).image},
	{whole(ofModel + `/trace/setting`), http.MethodGet, typeJSON, (*Server).trace},
	{whole(`/v2/trace/setting`), http.MethodGet, typeJSON, (*Server).trace},
	{whole(`/v2/logging`), http.MethodGet, typeJSON, (*Server).logging},
	{whole(`/v2/(?:system|cuda)sharedmemory/status`), http.MethodGet, typeJSON, (*Server).sharedMemory},
	{whole(`/v2/repository/index`), http.MethodPost, typeJSON, (*Server).index},
	{whole(`/v2/repository/models/[^/]+/(?:load|unload)`), http.MethodPost, typeJSON, (*Server).load},
	{whole(`/metrics`), http.MethodGet, typePlain, (*Server).metrics},
}

// open are the paths that need no token: whoever keeps a server alive asks for them.
var open = whole(`/v2/health/(?:live|ready)`)

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	if !open.MatchString(path) && !s.admits(r) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(w, typeJSON, &failure{http.StatusUnauthorized, "this server wants a token: send the header Authorization: Bearer TOKEN"})
		return
	}
	for _, route := range routes {
		found := route.path.FindStringSubmatch(path)
		switch {
		case found == nil:
			continue
		case r.Method != route.method:
			w.Header().Set("Allow", route.method)
			refuse(w, route.errors, &failure{http.StatusMethodNotAllowed, wrongMethod})
			return
		}
		to := address{}
		if len(found) == 3 {
			to.model, _ = url.PathUnescape(found[1]) // a path that was parsed unescapes
			to.version = found[2]
		}
		route.serve(s, w, r, to)
		return
	}
	refuse(w, typePlain, &failure{http.StatusNotFound, notFound})
}

// admits says whether a request has the token, where one is wanted.
func (s *Server) admits(r *http.Request) bool {
	if s.options.Token == "" {
		return true
	}
	given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.options.Token)) // of one length, whatever was sent
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// answer writes an answer. What the client does not take any more is of no interest.
func answer(w http.ResponseWriter, kind string, body []byte) {
	send(w, http.StatusOK, kind, body)
}

func send(w http.ResponseWriter, status int, kind string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// answerJSON writes a value.
func answerJSON(w http.ResponseWriter, v any) {
	b, err := marshal(v)
	if err != nil {
		refuse(w, typeJSON, err)
		return
	}
	answer(w, typeJSON, b)
}

// refuse writes an error.
func refuse(w http.ResponseWriter, kind string, err error) {
	status := http.StatusInternalServerError
	if failed := (*failure)(nil); errors.As(err, &failed) {
		status = failed.status
	}
	send(w, status, kind, append(append([]byte(`{"error":`), quoted(shortened(err.Error()))...), '}'))
}

// shortened cuts the words of an error that repeat what a client sent.
func shortened(words string) string {
	const most = 4096
	if len(words) <= most {
		return words
	}
	return strings.ToValidUTF8(words[:most], "") + "..."
}

// find refuses a model or version that there is not.
func (s *Server) find(to address) error {
	known, err := s.knows(to)
	switch {
	case err != nil:
		return err
	case to.model != s.model.Name:
		return &failure{http.StatusNotFound, "Request for unknown model: '" + to.model + "' is not found"}
	case !known:
		return &failure{http.StatusNotFound, "Request for unknown model: '" + to.model + "' version " + to.version + " is not found"}
	}
	return nil
}

// knows says whether there is such a model and version. The version must be a number that
// fits.
func (s *Server) knows(to address) (bool, error) {
	if to.version == "" {
		return to.model == s.model.Name, nil
	}
	n, err := strconv.ParseInt(to.version, 10, 64)
	if err != nil {
		return false, invalid("failed to get model version from specified version string '%s' (details: stol), version should be an integral value > 0", to.version)
	}
	return to.model == s.model.Name && strconv.FormatInt(n, 10) == version, nil
}
