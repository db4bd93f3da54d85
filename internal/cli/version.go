package cli

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/provenance"
	"github.com/blocktrain/blocktrain/internal/provenance/notices"
)

// versionJSON is the version as JSON.
type versionJSON struct {
	Schema   int    `json:"schema"`
	Version  string `json:"version"`
	Contract int    `json:"contract_version"`
	Commit   string `json:"commit"`
	Modified bool   `json:"modified"` // false where it is not known
	Changes  string `json:"changes"`  // "none", "some", "unknown"; empty without a commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionCommand() *command {
	var asJSON, sbom, thirdParty bool
	return &command{
		use: "version", short: "show the version of the program and of its contract", group: groupAbout,
		long: `The contract version is raised whenever a release changes any bit of what
training yields. --sbom writes what is linked into the program, as CycloneDX
JSON, and --notices the licences of all that.`,
		example: `  blocktrain version
  blocktrain version --json
  blocktrain version --sbom`,
		own: func(o *config.Options) {
			o.Bool(&asJSON, "json", false, "write JSON")
			o.Bool(&sbom, "sbom", false, "write the program's bill of materials as CycloneDX JSON")
			o.Bool(&thirdParty, "notices", false, "write the licences of all that is linked into the program")
			o.FromFlags("sbom", "notices")
		},
		run: func(_ context.Context, c *call) error {
			info := buildinfo.Get()
			switch {
			case sbom && thirdParty:
				return config.Usagef("--sbom and --notices are two documents: ask for one at a time")
			case thirdParty:
				c.print(notices.Text)
				return nil
			case sbom:
				bill, err := provenance.ProgramBill()
				c.print(string(bill))
				return err
			}
			if asJSON {
				return writeJSON(c.stdout, versionJSON{1, info.Version, engine.ContractVersion, info.Commit, info.Changes == buildinfo.Changed, string(info.Changes), info.Go, info.Platform})
			}
			fmt.Fprintf(c.stdout, "blocktrain %s\ncontract   %d\ncommit     %s\ngo         %s %s\n",
				info.Version, engine.ContractVersion, commitText(info), info.Go, info.Platform)
			return nil
		},
	}
}

func commitText(info buildinfo.Info) string {
	switch {
	case info.Commit == "":
		return "none: the build did not record it"
	case info.Changes == buildinfo.Changed:
		return info.Commit + " with changes"
	case info.Changes == buildinfo.ChangesUnknown:
		return info.Commit + " with unknown changes"
	}
	return info.Commit
}
