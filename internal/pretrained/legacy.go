package pretrained

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/blocktrain/blocktrain/internal/pretrained/pickle"
)

// magicNumber is the first pickle's number, in the form in which all versions of the
// pickle format write it, with the end of that pickle.
const magicNumber = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"

// legacyMagic is how many bytes the first pickle takes, which is the magic number alone,
// or 0. Version 4 of the format puts a frame of nine bytes around it.
func legacyMagic(head []byte) int {
	if len(head) < 2 || head[0] != 0x80 {
		return 0
	}
	for _, begin := range []int{2, 2 + 9} {
		if len(head) > begin && bytes.HasPrefix(head[begin:], []byte(magicNumber)) && (begin == 2 || head[2] == 0x95) {
			return begin + len(magicNumber)
		}
	}
	return 0
}

// protocolVersion is that of the legacy form, which never had another.
const protocolVersion = 1001

// openTorchLegacy reads the layout of what torch.save wrote before version 1.6: pickles of
// a magic number, a version, facts about the machine, the object, and the list of its
// storages; then each storage's number of values (8 bytes) and its values.
func (s source) openTorchLegacy(begin int) (*content, error) {
	r := pickle.NewReader(s.from(int64(begin)))
	version, err := r.Next()
	if err == nil && version != any(int64(protocolVersion)) {
		err = fmt.Errorf("the version of the form is %v, expected %d", pickle.Kind(version), protocolVersion)
	}
	if err != nil {
		return nil, err
	}
	if err := littleEndian(r); err != nil {
		return nil, err
	}
	root, err := r.Next()
	if err != nil {
		return nil, err
	}
	keys, err := r.Next()
	if err != nil {
		return nil, fmt.Errorf("the list of storages: %w", err)
	}
	arrays, err := s.legacyArrays(int64(begin)+r.Consumed(), keys, r.Storages())
	if err != nil {
		return nil, err
	}
	c, storages, err := state(root)
	if err != nil {
		return nil, err
	}
	c.format = TorchLegacy
	return c, c.place(storages, func(s *pickle.Storage) (*array, error) { return arrays[s.Key], nil })
}

// littleEndian reads the facts about the machine that wrote the file.
func littleEndian(r *pickle.Reader) error {
	info, err := r.Next()
	if err != nil {
		return err
	}
	d, isDict := info.(*pickle.Dict)
	if !isDict {
		return errors.New("the facts about the machine that wrote the file are no dict")
	}
	switch little, _ := d.Get("little_endian"); little {
	case true:
		return nil
	case false:
		return errBigEndian
	}
	return errors.New("it does not say whether it is little-endian")
}

var errBigEndian = errors.New("a big-endian machine wrote the file: only little-endian files are read; load it in PyTorch on that machine and save it as safetensors")

// legacyArrays finds the storages from byte at on. They must be those that the object
// names, and fill the file.
func (s source) legacyArrays(at int64, list any, storages []*pickle.Storage) (map[string]*array, error) {
	keys, isList := list.(*pickle.List)
	if !isList || len(keys.Items) != len(storages) {
		return nil, fmt.Errorf("the list of storages is not one of the %d that the tensors name", len(storages))
	}
	known := map[string]*pickle.Storage{}
	for _, storage := range storages {
		known[storage.Key] = storage
	}
	arrays := map[string]*array{}
	for _, item := range keys.Items {
		key, _ := item.(string)
		storage := known[key]
		if storage == nil || arrays[key] != nil {
			return nil, fmt.Errorf("the list of storages has %.50q, which no tensor names or which came before", key)
		}
		var head [8]byte
		if _, err := io.ReadFull(s.from(min(at, s.size)), head[:]); err != nil {
			return nil, fmt.Errorf("storage %.50q: the file ends before it: %w", key, err)
		}
		at += int64(len(head))
		if n := binary.LittleEndian.Uint64(head[:]); n != uint64(storage.Elements) {
			return nil, fmt.Errorf("storage %.50q has %d values, its tensors say %d", key, n, storage.Elements)
		}
		if storage.Bytes() > s.size-at {
			return nil, fmt.Errorf("storage %.50q has %d bytes, %d are left: is the file truncated?", key, storage.Bytes(), s.size-at)
		}
		arrays[key] = &array{src: s, offset: at, dtype: storage.Dtype, count: storage.Elements}
		at += storage.Bytes()
	}
	if at != s.size {
		return nil, fmt.Errorf("%d bytes follow the last storage", s.size-at)
	}
	return arrays, nil
}
