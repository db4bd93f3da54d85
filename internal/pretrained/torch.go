package pretrained

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/pretrained/pickle"
)

// nests are the keys under which checkpoints have the weights, in the order in which they
// are looked for.
var nests = []string{"state_dict", "model", "model_ema"}

// maxNesting is how many keys deep weights are looked for.
const maxNesting = 4

// state finds the weights in what a pickle has built: the first dict, following nests,
// that has a tensor. It returns the layout with views that have no arrays yet, and the
// storage of each.
func state(root any) (*content, []*pickle.Storage, error) {
	c := &content{}
	d, isDict := root.(*pickle.Dict)
	if !isDict {
		return nil, nil, fmt.Errorf("it holds %s, expected a dict of tensors: save model.state_dict()", pickle.Kind(root))
	}
	for !hasTensor(d) {
		inner, key := nested(d)
		if inner == nil || len(c.taken) == maxNesting {
			return nil, nil, noTensors(d, c.taken)
		}
		for i, other := range d.Keys {
			if other != any(key) {
				c.beside = append(c.beside, Beside{shownKey(other), pickle.Kind(d.Values[i])})
			}
		}
		c.taken, d = append(c.taken, key), inner
	}
	storages, err := c.collect(d)
	return c, storages, err
}

func hasTensor(d *pickle.Dict) bool {
	return slices.ContainsFunc(d.Values, func(v any) bool {
		_, is := v.(*pickle.Tensor)
		return is
	})
}

func nested(d *pickle.Dict) (*pickle.Dict, string) {
	for _, key := range nests {
		value, _ := d.Get(key)
		if inner, is := value.(*pickle.Dict); is {
			return inner, key
		}
	}
	return nil, ""
}

func noTensors(d *pickle.Dict, taken []string) error {
	where := "it"
	if len(taken) > 0 {
		where = fmt.Sprintf("what it has under %q", taken)
	}
	if len(d.Keys) == 0 {
		return errors.New(where + " is empty: no tensors are in it")
	}
	var keys []string
	for _, key := range d.Keys[:min(len(d.Keys), 8)] {
		keys = append(keys, shownKey(key))
	}
	return fmt.Errorf("%s holds no tensors, but %d entries (%s): they are looked for at the top, and under %s",
		where, len(d.Keys), strings.Join(keys, ", "), strings.Join(nests, ", "))
}

// shownKey is a key as messages have it.
func shownKey(key any) string { return fmt.Sprintf("%.60s", fmt.Sprint(key)) }

// collect makes views of a dict's tensors. What is no tensor is noted.
func (c *content) collect(d *pickle.Dict) ([]*pickle.Storage, error) {
	var storages []*pickle.Storage
	for i, value := range d.Values {
		t, isTensor := value.(*pickle.Tensor)
		if !isTensor {
			c.beside = append(c.beside, Beside{shownKey(d.Keys[i]), pickle.Kind(value)})
			continue
		}
		name, isText := d.Keys[i].(string)
		if !isText || name == "" {
			return nil, fmt.Errorf("a tensor is called %q, expected a name", shownKey(d.Keys[i]))
		}
		c.tensors = append(c.tensors, view{name: name, offset: t.Offset, shape: t.Shape, stride: t.Stride, count: t.Elements()})
		storages = append(storages, t.Storage)
	}
	return storages, nil
}

// place gives the views their arrays.
func (c *content) place(storages []*pickle.Storage, find func(*pickle.Storage) (*array, error)) error {
	found := map[*pickle.Storage]*array{}
	for i, s := range storages {
		if found[s] == nil {
			a, err := find(s)
			if err != nil {
				return fmt.Errorf("tensor %q: %w", c.tensors[i].name, err)
			}
			found[s] = a
		}
		c.tensors[i].array = found[s]
	}
	return nil
}
