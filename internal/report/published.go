package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
)

// noticeAdvice says what the licence of other people's weights means for whoever passes the
// model on.
const noticeAdvice = "The weights of this model were made from these: whoever passes it on keeps to their licence, too"

// addPublished says whose weights training began with.
func (i *Initial) addPublished(p *notes.Published, digest string) {
	if p == nil {
		return
	}
	i.Weights = fmt.Sprintf("the published weights of %s", cmp.Or(p.Name, p.Network))
	i.Published, i.Advice = p.Facts(digest), noticeAdvice
	// A name of theirs stands for data that is in no table of digests.
	i.TrainedOn = p.TrainedOn
}

// Notice is the file NOTICE.txt of a package whose training began with weights that others
// published: what is known of them and of their licence. It is nil of other records.
func Notice(record *rundir.Record) []byte {
	if record.Initial == nil || record.Initial.Published == nil {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "NOTICE of %s\n\nTraining began with weights that others published. %s.\n\n", oneLine(record.PackageName()), noticeAdvice)
	for _, f := range record.Initial.Published.Facts(record.Identity.InitSHA256) {
		fmt.Fprintf(&b, "%s:\n    %s\n", f.Name, oneLine(f.Words))
	}
	return []byte(b.String())
}

// oneLine has no control characters, which could be read as other lines.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}
