package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"text/template"

	"github.com/blocktrain/blocktrain/internal/htmlpage"
	"github.com/blocktrain/blocktrain/internal/metric"
)

//go:embed templates/model_card.md.tmpl
var cardSource string

// maxCardClasses is how many classes the card lists; of more, the worst ones.
const maxCardClasses = 100

// maxProse is the longest text that is shown whole.
const maxProse = 1000

// card is what the template sees.
type card struct {
	*Report
	Folder string // of the figures, relative to the card; "" leaves them out
}

// ClassRows are the rows of the table of classes.
func (c card) ClassRows() []metric.Class {
	e := c.Judged()
	if len(e.PerClass) <= maxCardClasses {
		return e.PerClass
	}
	return e.Worst(maxCardClasses)
}

// ModelCard writes MODEL_CARD.md: YAML front matter with the keys of Hugging
// Face's model cards, then prose, results and decision. Figures are linked as
// folder/<name>.png; an empty folder leaves them out.
func ModelCard(r *Report, folder string) ([]byte, error) {
	functions := formats()
	functions["md"] = markdown
	functions["text"] = func(s string) string { return markdownEscapes.Replace(metric.Clip(s, maxProse)) }
	functions["code"] = code
	functions["yaml"] = yamlString
	functions["indent"] = func(s string) string { return "    " + htmlpage.Clip(s) }
	t, err := template.New("model card").Funcs(functions).Parse(cardSource)
	if err != nil {
		return nil, fmt.Errorf("cannot write the model card: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, card{r, folder}); err != nil {
		return nil, fmt.Errorf("cannot write the model card: %w", err)
	}
	return b.Bytes(), nil
}

// markdownEscapes takes their meaning from all characters that have one within
// a line of Markdown. Those with a meaning in HTML, in tables, as mathematics
// or as mentions become entities, which every renderer understands.
var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `#`, `\#`, `~`, `\~`,
	`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`, `|`, `&#124;`, `$`, `&#36;`, `@`, `&#64;`,
)

// markdown makes one line of literal text.
func markdown(s string) string { return markdownEscapes.Replace(htmlpage.Clip(s)) }

// code keeps what may stand between backticks: digests, versions and names of
// modules. Nothing can be escaped there.
func code(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || strings.ContainsRune("._:+/=-", r) {
			return r
		}
		return '?'
	}, htmlpage.Clip(s))
}

// yamlString is a double-quoted YAML string: the quoting of JSON, which YAML
// understands too.
func yamlString(s string) string { return strconv.QuoteToGraphic(htmlpage.Clip(s)) }
