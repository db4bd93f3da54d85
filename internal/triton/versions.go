package triton

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// findVersions finds the versions that Triton loads by the folders and the policy.
func (m *model) findVersions() {
	existing, err := m.existing()
	if err != nil {
		m.core("versions", "failed to open directory %s: %v", m.dir, err)
	}
	if m.stopped() {
		return
	}
	m.versions = m.chosen(existing)
	m.report.Versions = m.versions
	if len(m.versions) == 0 {
		m.report.Versions = []int64{}
		m.core("versions", "at least one version must be available under the version policy of model '%s'", m.name)
	}
	if slices.Contains(m.versions, 0) {
		m.warn("version-0", "number versions from 1", "version 0 is served, but a version in a request is taken for a number above 0")
	}
}

// existing are the versions that Triton sees in the model's folder.
func (m *model) existing() (map[int64]bool, error) {
	names, err := folders(m.dir)
	existing := map[int64]bool{}
	for _, name := range names {
		if name == warmupFolder || name == stateFolder || name == configsFolder {
			continue
		}
		if version, is := m.versionOf(name); is {
			existing[version] = true
		}
	}
	return existing, err
}

// versionOf reads the name of a folder as C's stoll does: a number at its beginning.
func (m *model) versionOf(name string) (int64, bool) {
	if len(name) > 1 && name[0] == '0' {
		m.ignored(name, "contains leading zeros in its directory name")
		return 0, false
	}
	number := strings.TrimLeftFunc(name, unicode.IsSpace)
	end := 0
	if end < len(number) && (number[0] == '-' || number[0] == '+') {
		end++
	}
	digits := end
	for end < len(number) && '0' <= number[end] && number[end] <= '9' {
		end++
	}
	if end == digits {
		m.ignored(name, "fails to convert to integral number")
		return 0, false
	}
	version, err := strconv.ParseInt(number[:end], 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		m.add(Finding{
			Rule: "version-huge", Level: Aborts, By: "core", Remedy: "remove the folder " + name,
			Words: "tritonserver aborts (SIGABRT): std::out_of_range stoll",
		})
	}
	return version, err == nil
}

// ignored notes a folder that is no version, with Triton's reason. It is a warning where
// it looks like one.
func (m *model) ignored(name, reason string) {
	words := "ignore version directory '" + name + "' which " + reason
	file := m.config.DefaultModelFilename
	if file == "" {
		file = onnxFile
	}
	if _, err := os.Lstat(filepath.Join(m.dir, name, file)); err == nil {
		m.warn("version-ignored", "rename the folder to a number without leading zeros, or remove it", "%s", words)
		return
	}
	m.note("version-ignored", "%s", words)
}

// chosen are the versions of a policy, lowest first.
func (m *model) chosen(existing map[int64]bool) []int64 {
	var all []int64
	for version := range existing {
		all = append(all, version)
	}
	slices.Sort(all)
	policy := m.config.VersionPolicy
	switch {
	case policy != nil && policy.Specific == nil && policy.Latest == nil: // one that chooses nothing too
		return all
	case policy != nil && policy.Specific != nil:
		var named []int64
		for _, version := range policy.Specific.Versions {
			if !existing[version] {
				m.warn("version-missing", "", "version %d is specified for model '%s', but the version directory is not present", version, m.name)
			} else if !slices.Contains(named, version) {
				named = append(named, version)
			}
		}
		slices.Sort(named)
		return named
	}
	count := 1
	if policy != nil {
		count = int(policy.Latest.NumVersions)
	}
	return all[max(0, len(all)-count):]
}
