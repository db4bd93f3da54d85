package rundata

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestDecodedOnce: opening the data of a training decodes all that is needed of each image
// before training begins. The files are removed after it.
func TestDecodedOnce(t *testing.T) {
	for _, flags := range [][]string{
		{"data-mode=disk"},
		{"data-mode=disk", "augment=random-resized-crop", "channels=1"},
		{"data-mode=ram"},
		{"data-mode=ram", "augment=random-resized-crop"},
		{"data-mode=ram", "augment=random-resized-crop", "test-image-size=12"},
		{"data-mode=ram", "test-image-size=9x7"},
	} {
		t.Run(fmt.Sprint(flags), func(t *testing.T) {
			data := t.TempDir()
			for class, name := range []string{"cat", "dog"} {
				for i := range 10 {
					runtest.WriteImage(t, filepath.Join(data, name, fmt.Sprintf("%d.png", i)), class, i)
				}
			}
			s := runtest.MustResolve(t, append(flags, "dataset=folder", "data-dir="+data, "image-size=6", "index=off", "model=linear")...)
			m, err := s.MakeModules()
			if err != nil {
				t.Fatal(err)
			}
			env := runtest.Quiet()
			d, err := openMembers(t.Context(), env, s, How{fitted: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(data); err != nil {
				t.Fatal(err)
			}
			if err := d.Divide(t.Context(), env, s, m, ""); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Statistics(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		})
	}
}
