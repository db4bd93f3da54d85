package triton

import (
	"fmt"
	"regexp"
	"slices"
)

// Release is a release of Triton, by year and month, with what the ONNX Runtime in it
// reads at most.
type Release struct {
	Name     string // "24.10"
	ORT      string // version of ONNX Runtime
	MaxOpset int64  // of ONNX's own domain
	MaxIR    int64
}

// DefaultRelease is the release that the checker's rules were compared with.
const DefaultRelease = "24.10"

// minOpset is the oldest operator set that ONNX Runtime has all operators of.
const minOpset = 7

// releases are the releases from which ONNX Runtime is another, oldest first. Versions
// of ONNX Runtime are those in build.py of triton-inference-server/server; the largest
// operator set and IR version were found by loading models in each of them.
var releases = []Release{
	{"22.01", "1.10.0", 15, 8},
	{"22.05", "1.11.1", 16, 8},
	{"22.07", "1.12.1", 17, 8},
	{"22.10", "1.13.1", 17, 8},
	{"23.03", "1.14.1", 18, 8},
	{"23.05", "1.15.1", 19, 9},
	{"23.09", "1.16.3", 19, 9},
	{"24.03", "1.17.3", 20, 9},
	{"24.05", "1.18.1", 21, 10},
	{"24.08", "1.19.2", 21, 10},
	{"24.12", "1.20.1", 21, 10},
	{"25.03", "1.21.0", 22, 10},
	{"25.05", "1.22.0", 22, 10},
	{"25.08", "1.23.2", 23, 11},
	{"26.02", "1.24.4", 25, 13},
	{"26.07", "1.27.0", 26, 13},
	{"26.08", "1.28.0", 26, 13},
}

// lastRelease is the newest one that is known.
const lastRelease = "26.08"

var releaseName = regexp.MustCompile(`^2[2-9]\.(0[1-9]|1[0-2])$`)

// FindRelease returns the release of a name such as 24.10.
func FindRelease(name string) (Release, error) {
	if !releaseName.MatchString(name) || name < releases[0].Name || name > lastRelease {
		return Release{}, fmt.Errorf("Triton release %q: want year and month from %s to %s, such as %s", name, releases[0].Name, lastRelease, DefaultRelease) //nolint:staticcheck // a name
	}
	at, found := slices.BinarySearchFunc(releases, name, func(r Release, name string) int {
		switch {
		case r.Name < name:
			return -1
		case r.Name > name:
			return 1
		}
		return 0
	})
	if !found {
		at--
	}
	r := releases[at]
	r.Name = name
	return r, nil
}

// since says whether a release is the named one or a later one.
func (r Release) since(name string) bool { return r.Name >= name }

// newFields are fields of config.pbtxt, each with the first release that knows it. All
// others are in every release here.
var newFields = map[string]string{"model_metrics": "24.12", "max_inflight_requests": "25.12"}

// unknownFields lists the fields that a release does not know.
func (r Release) unknownFields() []string {
	var unknown []string
	for name, first := range newFields {
		if !r.since(first) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}
