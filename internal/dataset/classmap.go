package dataset

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// ClassMap says which class of a model the classes of other data are. Several may be one.
type ClassMap struct {
	Names []RenamedClass // in the order of the file
	file  string
}

// RenamedClass is a class of the data by the name that a model has for it.
type RenamedClass struct {
	Data, Model string
	line        int
}

// mapHeading is a first line that a class map may have.
var mapHeading = []string{"name-in-data", "name-in-model"}

// maxClassMap is the length of the longest class map in bytes.
const maxClassMap = 4 << 20

// ReadClassMap reads a class map: comma-separated values with two fields a line, the name
// of a class in the data and in the model. A first line name-in-data,name-in-model is a
// heading. A mistake in it is a [config.UsageError] with the line's number.
func ReadClassMap(path string) (*ClassMap, error) {
	text, err := fileio.ReadFile(path, maxClassMap)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, config.Usagef("the class map %s does not exist: want a CSV file with lines such as auto,car", path)
	case err != nil:
		return nil, fmt.Errorf("class map: %w", err)
	}
	m := &ClassMap{file: path}
	if err := m.read(text); err != nil {
		return nil, config.Usage(fmt.Errorf("class map %s: %w", path, err))
	}
	return m, nil
}

func (m *ClassMap) read(text []byte) error {
	r := bufio.NewReader(bytes.NewReader(text))
	if err := skipMark(r); err != nil {
		return err
	}
	values := csv.NewReader(r)
	values.FieldsPerRecord = -1
	var mistakes listMistakes
	first := map[string]int{} // the line of a name in the data
	for {
		fields, err := values.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return valuesError(err)
		}
		line, _ := values.FieldPos(0)
		if line == 1 && slices.Equal(fields, mapHeading) {
			continue
		}
		if err := checkMapLine(fields, first); err != nil {
			mistakes.add(line, "%w", err)
			continue
		}
		first[fields[0]] = line
		m.Names = append(m.Names, RenamedClass{fields[0], fields[1], line})
	}
	if mistakes.count == 0 && len(m.Names) == 0 {
		return errors.New("it has no lines: want name-in-data,name-in-model in each, such as auto,car")
	}
	return mistakes.err()
}

// checkMapLine checks a line behind those that name the classes given.
func checkMapLine(fields []string, first map[string]int) error {
	if len(fields) != 2 {
		return fmt.Errorf("it has %s: want two, name-in-data,name-in-model, with quotes around a name that has a comma", config.Counted(len(fields), "value"))
	}
	for _, name := range fields {
		if err := checkClass(name); err != nil {
			return err
		}
	}
	if line, twice := first[fields[0]]; twice {
		return fmt.Errorf("%q is in line %d already: want one line for each class of the data", fields[0], line)
	}
	return nil
}

// check refuses lines about classes that data or model do not have.
func (m *ClassMap) check(data, model []string) error {
	var mistakes listMistakes
	for _, name := range m.Names {
		if !slices.Contains(data, name.Data) {
			mistakes.add(name.line, "the data has no class %q%s", name.Data, orNearest(name.Data, data))
		}
		if !slices.Contains(model, name.Model) {
			mistakes.add(name.line, "the model has no class %q%s", name.Model, orNearest(name.Model, model))
		}
	}
	if err := mistakes.err(); err != nil {
		return config.Usage(fmt.Errorf("class map %s: %w", m.file, err))
	}
	return nil
}

// orNearest suggests names like one that is not there, or lists what there is.
func orNearest(name string, names []string) string {
	if near := config.Nearest(name, names); len(near) > 0 {
		return ": did you mean " + strings.Join(near, " or ") + "?"
	}
	return ", it has " + listSome(names)
}

// listSome lists the first names, quoted, and says how many there are besides.
func listSome(names []string) string {
	const most = 20
	var quoted []string
	for _, name := range names[:min(most, len(names))] {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	if more := len(names) - len(quoted); more > 0 {
		quoted = append(quoted, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(quoted, ", ")
}

// Within returns d with its labels as indexes into classes, those of a model, of which the
// data may lack some. m gives classes of the data the model's names; it is nil where all
// have these already. A class of the data that the model does not have is an error.
func Within(d Dataset, classes []string, m *ClassMap) (Dataset, error) {
	names := slices.Clone(d.Classes())
	if m != nil {
		if err := m.check(names, classes); err != nil {
			return nil, err
		}
		for _, renamed := range m.Names {
			names[slices.Index(d.Classes(), renamed.Data)] = renamed.Model
		}
	}
	var surplus []string
	for i, name := range names {
		if !slices.Contains(classes, name) {
			surplus = append(surplus, d.Classes()[i])
		}
	}
	if len(surplus) > 0 {
		return nil, config.Usagef("the data has classes that the model does not have (%s): the model's are %s; --class-map FILE, a CSV file with lines name-in-data,name-in-model, says which they are; leave out the images of those that are none of them",
			listSome(surplus), listSome(classes))
	}
	if slices.Equal(names, classes) {
		return d, nil
	}
	r := &remapped{detailed: detail(d), classes: slices.Clone(classes)}
	for _, name := range names {
		r.labels = append(r.labels, slices.Index(classes, name))
	}
	digest := digestDerived("within", d)
	digest.texts(classes)
	digest.texts(names)
	r.digest = digest.hex()
	return r, nil
}

// Absent lists the classes of d that none of the examples is of.
func Absent(d Dataset, examples []int) []string { return absent(Counts(d, examples), d.Classes()) }
