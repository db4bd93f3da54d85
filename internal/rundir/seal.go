package rundir

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// A record has the SHA-256 of its own text, so that damage of any byte is noticed, also
// in what no other file and no digest knows, such as a time or the name of a machine.
// It is no proof of anything else: whoever edits the record can seal it again.

// sealed is the place of the digest in the text of a record. No string of it has these
// characters, since quotes in strings are escaped.
var sealed = regexp.MustCompile(`"record_sha256": "[0-9a-f]*"`)

// unsealed stands there in the text that the digest is of.
const unsealed = `"record_sha256": ""`

// Seal puts the digest into the text of a record: the SHA-256 of this text with an empty
// string in place of the digest. A record of schema 1 has no place for it and stays as it
// is.
func Seal(text []byte) []byte {
	at := sealed.FindIndex(text)
	if at == nil {
		return text
	}
	plain := bytes.Join([][]byte{text[:at[0]], text[at[1]:]}, []byte(unsealed))
	seal := fmt.Appendf(nil, `"record_sha256": %q`, fileio.SHA256Of(plain))
	return bytes.Join([][]byte{text[:at[0]], text[at[1]:]}, seal)
}

// checkSeal refuses the text of a record that has another digest than the one in it.
// Records of schema 1 may have none.
func checkSeal(path string, text []byte, digest string, schema int) error {
	if digest == "" && schema == 1 {
		return nil
	}
	if found := sealed.Find(text); string(found) != fmt.Sprintf(`"record_sha256": %q`, digest) || !bytes.Equal(Seal(text), text) {
		return fmt.Errorf("%s is not what its record_sha256 is of: the file was changed or is damaged; restore it from a copy", path)
	}
	return nil
}
