package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/controls"
	"github.com/blocktrain/blocktrain/internal/index"
)

func cacheCommand() *command {
	return &command{
		use: "cache", short: "remove what the program keeps to start faster", group: groupData,
		long: `What is cut out of clips is kept in the user's folder for caches, in
blocktrain/clips, what is known of image files in blocktrain/index, and networks
that were trained as controls in blocktrain/controls. All can be removed at any
time: the next run decodes the files, or trains them, again. --cache-size bounds
the first; with --cache-size 0, neither clips nor controls are kept. Published
weights, in blocktrain/weights, are no cache and stay: see 'weights'.`,
		example:  `  blocktrain cache clear`,
		children: []*command{cacheClearCommand()},
	}
}

func cacheClearCommand() *command {
	return &command{
		use: "clear", short: "remove what is kept of clips, images and controls", group: groupData,
		long: `Removes the files that the program has made in its folder for caches, and no
others. A run that uses some of them goes on.`,
		example: `  blocktrain cache clear`,
		run: func(_ context.Context, c *call) error {
			dir, err := clips.CacheDir()
			if err != nil {
				return err
			}
			files, bytes, err := clips.ClearCache(dir)
			if err != nil {
				return err
			}
			indexes, err := index.Dir()
			if err != nil {
				return err
			}
			more, moreBytes, err := index.Clear(indexes)
			if err != nil {
				return err
			}
			networks, err := controls.CacheDir()
			if err != nil {
				return err
			}
			last, lastBytes, err := controls.ClearCache(networks)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.stdout, "%d files removed from %s, %.1f MB\n", files+more+last, filepath.Dir(dir), float64(bytes+moreBytes+lastBytes)/1e6)
			return nil
		},
	}
}
