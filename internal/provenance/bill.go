package provenance

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// A bill of materials (SBOM) in the form of CycloneDX 1.6.

// bill is a document of CycloneDX.
type bill struct {
	Format       string       `json:"bomFormat"`
	SpecVersion  string       `json:"specVersion"`
	SerialNumber string       `json:"serialNumber"` // made from the rest, so that it is the same each time
	Version      int          `json:"version"`
	Metadata     billMetadata `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type billMetadata struct {
	Timestamp string     `json:"timestamp,omitempty"`
	Tools     *billTools `json:"tools,omitempty"`
	Component component  `json:"component"`
}

type billTools struct {
	Components []component `json:"components"`
}

// component is one part of what a bill describes.
type component struct {
	Type       string         `json:"type"`
	Ref        string         `json:"bom-ref,omitempty"`
	Name       string         `json:"name"`
	Version    string         `json:"version,omitempty"`
	Hashes     []billHash     `json:"hashes,omitempty"`
	Licenses   []billLicense  `json:"licenses,omitempty"`
	PURL       string         `json:"purl,omitempty"`
	Properties []billProperty `json:"properties,omitempty"`
}

type billHash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// billLicense has one of the two.
type billLicense struct {
	License    *billNamed `json:"license,omitempty"`
	Expression string     `json:"expression,omitempty"` // of SPDX
}

type billNamed struct {
	Name string `json:"name"`
}

type billProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

func sha256Hash(hex string) []billHash { return []billHash{{"SHA-256", hex}} }

// newBill makes a document. The first component is what it describes; it consists of the
// others.
func newBill(metadata billMetadata, components []component) (*bill, error) {
	b := &bill{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: metadata, Components: components}
	of := dependency{Ref: metadata.Component.Ref, DependsOn: []string{}}
	for _, c := range components {
		of.DependsOn = append(of.DependsOn, c.Ref)
	}
	b.Dependencies = []dependency{of}
	text, err := fileio.MarshalJSON(b)
	if err != nil {
		return nil, err
	}
	b.SerialNumber = "urn:uuid:" + uuidOf(text)
	return b, nil
}

// uuidOf is the version 8 UUID (RFC 9562) whose free bits are those of a SHA-256.
func uuidOf(text []byte) string {
	u := sha256.Sum256(text)
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}

// bill says what the package consists of: its files, the datasets that the model was
// trained on, and the program that trained it.
func (c *contents) bill() (*bill, error) {
	model := component{Type: "machine-learning-model", Ref: "package", Name: c.record.Name, Version: c.record.ReleaseVersion,
		Hashes: sha256Hash(c.archive)}
	if license := c.record.License; license != "" {
		model.Licenses = []billLicense{{License: &billNamed{license}}} // any text, which need not be of SPDX
	}
	var components []component
	for _, f := range c.byParts() {
		components = append(components, component{Type: "file", Ref: "file:" + f.Path, Name: f.Path, Hashes: sha256Hash(f.SHA256)})
	}
	for i, d := range c.record.Identity.Datasets {
		components = append(components, component{Type: "data", Ref: fmt.Sprintf("dataset:%d", i+1), Name: d.Title(),
			Properties: []billProperty{{"blocktrain:dataset_sha256", d.SHA256}, {"blocktrain:examples", fmt.Sprint(d.Examples)}}})
	}
	if p := c.published(); p != nil {
		components = append(components, publishedWeights(p, c.record.Identity.InitSHA256))
	}
	components = append(components, programOf(c.record, "trained-by", c.record.Execution.Program))
	m := billMetadata{Timestamp: c.record.Started.UTC().Format(time.RFC3339), Component: model}
	if p := c.record.Package; p != nil {
		m.Tools = &billTools{[]component{programOf(nil, "packaged-by", p.Program)}}
	}
	return newBill(m, components)
}

// programOf describes a program by the name that a record has of it.
func programOf(record *rundir.Record, ref, name string) component {
	program := component{Type: "application", Ref: ref, Name: "blocktrain", Version: name}
	if m := programName.FindStringSubmatch(name); m != nil {
		program.Version = m[1]
		program.Properties = append(program.Properties, billProperty{"blocktrain:commit", cmp.Or(m[2], "unknown")})
		if changes := strings.TrimSpace(m[3]); changes != "" && m[2] != "" {
			program.Properties = append(program.Properties, billProperty{"blocktrain:changes", changes})
		}
	}
	if record != nil {
		program.Properties = append(program.Properties, billProperty{"blocktrain:go", record.Execution.Go})
	}
	return program
}
