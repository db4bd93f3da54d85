package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// digestKey is the key of a checkpoint's digest in its metadata.
const digestKey = "checkpoint_sha256"

// checkpointDigest is the SHA-256 over all of a checkpoint but the digest itself. With
// integers as 8 bytes little-endian, it is over
//
//	the number of the metadata's entries but the digest,
//	for each of them, in bytewise order of the keys:
//	    length of the key, the key, length of the value, the value,
//	weights.Digest of all tensors, with their prefixes, as 64 hexadecimal digits
//
// where weights.Digest covers names, shapes and the bytes of the values.
func checkpointDigest(file weights.File) string {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(file.Metadata)), func(key string) bool { return key == digestKey })
	text := binary.LittleEndian.AppendUint64(nil, uint64(len(keys)))
	for _, key := range keys {
		for _, part := range []string{key, file.Metadata[key]} {
			text = binary.LittleEndian.AppendUint64(text, uint64(len(part)))
			text = append(text, part...)
		}
	}
	text = append(text, weights.Digest(file.Tensors)...)
	return fileio.SHA256Of(text)
}

// writeCheckpoint writes a state and tensors with the digest over both.
func writeCheckpoint(path string, s state, tensors []weights.Tensor) error {
	text, err := s.encode()
	if err != nil {
		return err
	}
	file := weights.File{Metadata: map[string]string{stateKey: text}, Tensors: tensors}
	file.Metadata[digestKey] = checkpointDigest(file)
	return weights.WriteFile(path, file)
}

// checkpoint is a checkpoint that was read, and is as it was written.
type checkpoint struct {
	state                 state
	model, ema, optimizer []weights.Tensor // by the names that they have without their prefixes
}

// readCheckpoint reads a checkpoint and refuses one that is damaged or that an older
// version of the program wrote, which is ErrOlder.
func readCheckpoint(path string) (*checkpoint, error) {
	file, err := weights.ReadFile(path)
	if err != nil {
		return nil, err
	}
	c := &checkpoint{}
	if c.state, err = decodeState(file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	groups := map[string]*[]weights.Tensor{modelPrefix: &c.model, emaPrefix: &c.ema, optimizerPrefix: &c.optimizer}
	for _, t := range file.Tensors {
		prefix, name, _ := strings.Cut(t.Name, "/")
		group := groups[prefix+"/"]
		if group == nil {
			return nil, fmt.Errorf("%s: no checkpoint has a tensor %q", path, t.Name)
		}
		t.Name = name
		*group = append(*group, t)
	}
	return c, nil
}

// checkDigest compares a checkpoint with its digest.
func checkDigest(file weights.File) error {
	recorded := file.Metadata[digestKey]
	if found := checkpointDigest(file); found != recorded {
		return fmt.Errorf("its content has the SHA-256 %s, and its %s is %q: the file was changed or is damaged", found, digestKey, recorded)
	}
	return nil
}

// extend is the digest of a history that is one line longer than the one with the given
// digest: the SHA-256 of that digest, as hexadecimal digits, and the line, with its line
// feed. That of no line is empty.
func extend(digest string, line []byte) string {
	sum := sha256.Sum256(append([]byte(digest), line...))
	return hex.EncodeToString(sum[:])
}

// checkHistory compares the lines that a checkpoint counts, the first of the history at
// path, with what it says of them, and returns them. Whatever follows was written after
// the checkpoint.
func (c *checkpoint) checkHistory(path string) ([]metric.Epoch, error) {
	text, err := fileio.ReadFile(path, metric.MaxHistory)
	if errors.Is(err, fs.ErrNotExist) && c.state.Epoch == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	kept, digest, lines := 0, "", 0
	for line := range bytes.Lines(text) {
		if lines == c.state.Epoch {
			break
		}
		kept, digest, lines = kept+len(line), extend(digest, line), lines+1
	}
	const remedy = "restore the file from a copy, or start a new run"
	if lines < c.state.Epoch {
		return nil, fmt.Errorf("%s: it has %d epochs but the checkpoint is at epoch %d: %s", path, lines, c.state.Epoch, remedy)
	}
	if digest != c.state.HistorySHA256 {
		return nil, fmt.Errorf("%s: the first %d lines are not those that the checkpoint was written after: a line was changed, added or removed; %s", path, lines, remedy)
	}
	history, err := metric.ParseHistory(text[:kept])
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", path, err, remedy)
	}
	return history, nil
}

// checkLastEpoch compares the tensors, where the checkpoint is at the end of an epoch,
// with the digests in the line of that epoch.
func (c *checkpoint) checkLastEpoch(path string, history []metric.Epoch) error {
	if c.state.Steps > 0 || len(history) == 0 {
		return nil
	}
	last := history[len(history)-1]
	for _, d := range []struct{ name, recorded, found string }{
		{"weights_sha256", last.WeightsSHA256, digestOf(c.model)},
		{"ema_sha256", last.EMASHA256, digestOf(c.ema)},
		{"optimizer_sha256", last.OptimizerSHA256, digestOf(prefixed(optimizerPrefix, slices.Clone(c.optimizer)))},
	} {
		if d.recorded != d.found {
			return fmt.Errorf("%s: %s of epoch %d is %q, and the checkpoint has %q: the files are not of one training", path, d.name, last.Epoch, d.recorded, d.found)
		}
	}
	return nil
}

// checkBest compares the file of the best weights in a folder of checkpoints with what
// the state says of it.
func (s *state) checkBest(folder string) error {
	if s.BestSHA256 == "" { // no epoch is finished
		return nil
	}
	path := filepath.Join(folder, BestFile)
	found, err := fileio.SHA256(path)
	if err != nil {
		return fmt.Errorf("the best weights cannot be read: %w", err)
	}
	if found != s.BestSHA256 {
		return fmt.Errorf("%s has the SHA-256 %s, and the checkpoint has %s: the file was changed or is damaged; restore it from a copy, or train in a new run directory", path, found, s.BestSHA256)
	}
	return nil
}

// CheckLast compares the last checkpoint of the training in dir with its digest, and the
// best weights with what the checkpoint says of them. It is ErrOlder where an older version
// of the program wrote the checkpoint, without a digest. Errors name the file. The history
// is compared only by those who go on from the checkpoint.
func CheckLast(dir string) error {
	c, err := readCheckpoint(filepath.Join(dir, CheckpointDir, LastFile))
	if err != nil {
		return err
	}
	return c.state.checkBest(filepath.Join(dir, CheckpointDir))
}
