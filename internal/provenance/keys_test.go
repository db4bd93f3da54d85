package provenance

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
)

// TestSignIsDeterministic compares ECDSA with the test vectors of RFC 6979, A.2.5 (P-256,
// SHA-256), and Ed25519 with those of RFC 8032, 7.1.
func TestSignIsDeterministic(t *testing.T) {
	p256 := signerForTest(t, privatePEM(t, p256ForTest(t, 0)), P256)
	for message, want := range map[string][2]string{
		"sample": {"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716", "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
		"test":   {"f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367", "19f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
	} {
		sig, err := p256.sign([]byte(message))
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ R, S *big.Int }
		if _, err := asn1.Unmarshal(sig, &got); err != nil {
			t.Fatal(err)
		}
		if got.R.Text(16) != want[0] || got.S.Text(16) != want[1] {
			t.Errorf("%s: r %x, s %x, want %v", message, got.R, got.S, want)
		}
		if !p256.verify([]byte(message), sig) || p256.verify([]byte(message+"."), sig) {
			t.Errorf("%s: the signature is not verified as it should be", message)
		}
	}
	seed, err := hex.DecodeString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
	if err != nil {
		t.Fatal(err)
	}
	ed := signerForTest(t, privatePEM(t, ed25519.NewKeyFromSeed(seed)), Ed25519)
	sig, err := ed.sign(nil)
	const want = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
	if err != nil || hex.EncodeToString(sig) != want {
		t.Errorf("Ed25519: got %x, error %v, want %s", sig, err, want)
	}
}

// otherCurve is a key of a curve that is not P-256.
func otherCurve(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestReadSigner(t *testing.T) {
	p256, ed := privatePEM(t, p256ForTest(t, 0)), privatePEM(t, ed25519ForTest(0))
	sec1, err := x509.MarshalECPrivateKey(p256ForTest(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	ofEcparam := "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" +
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}))
	cut := ed[:60] + ed[61:]
	for name, test := range map[string]struct {
		text string
		kind Kind
		want string // in the error; empty: it is read
	}{
		"P-256":                    {p256, P256, ""},
		"P-256 by openssl ecparam": {ofEcparam, P256, ""},
		"Ed25519":                  {ed, Ed25519, ""},
		"with a comment":           {"# release key\n" + ed, Ed25519, ""},
		"Ed25519 for P-256":        {ed, P256, "another kind, want ECDSA P-256: 'openssl genpkey -algorithm EC"},
		"P-256 for Ed25519":        {p256, Ed25519, "another kind, want Ed25519: 'openssl genpkey -algorithm ed25519"},
		"P-384":                    {privatePEM(t, otherCurve(t)), P256, "another kind, want ECDSA P-256"},
		"with a password":          {strings.ReplaceAll(ed, "PRIVATE", "ENCRYPTED PRIVATE"), Ed25519, "protected by a password: 'openssl pkey"},
		"a certificate":            {strings.ReplaceAll(ed, "PRIVATE KEY", "CERTIFICATE"), Ed25519, `of type "CERTIFICATE", want PRIVATE KEY`},
		"two keys":                 {ed + p256, Ed25519, "it holds 2 keys, want one"},
		"no PEM":                   {"secret", Ed25519, "it is no PEM file"},
		"damaged":                  {cut, Ed25519, "1 of its 1 PEM blocks are damaged"},
		"one of two damaged":       {cut + ed, Ed25519, "1 of its 2 PEM blocks are damaged"},
		"other bytes":              {strings.ReplaceAll(ed, "MC4C", "AAAA"), Ed25519, "it is damaged, or of a kind"},
		"empty":                    {" \n", Ed25519, "is not set or empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KEY_FOR_TEST", test.text)
			path := filepath.Join(t.TempDir(), "key.pem")
			writeForTest(t, path, []byte(test.text))
			for _, where := range []string{"env:KEY_FOR_TEST", path} {
				_, err := ReadSigner(where, test.kind)
				var usage *config.UsageError
				switch {
				case test.want == "" && err != nil:
					t.Errorf("%s: %v", where, err)
				case test.want == "":
				case where == path && name == "empty":
				case !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want):
					t.Errorf("%s: error %v, want a usage error with %q", where, err, test.want)
				case len(test.text) > 60 && strings.Contains(err.Error(), test.text[35:55]):
					t.Errorf("the error tells the key: %v", err)
				}
			}
		})
	}
}

// TestReadSignerNames tries what is no key at all.
func TestReadSignerNames(t *testing.T) {
	if err := os.Unsetenv("NO_SUCH_KEY"); err != nil {
		t.Fatal(err)
	}
	ed := privatePEM(t, ed25519ForTest(0))
	for where, want := range map[string]string{
		"absent.pem":      "there is no key file absent.pem",
		"env:NO_SUCH_KEY": "the environment variable NO_SUCH_KEY, which is to hold a key, is not set or empty",
		t.TempDir():       "cannot be read",
		ed:                "the key itself was given where the name of a file is wanted",
	} {
		_, err := ReadSigner(where, Ed25519)
		var usage *config.UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), ed[35:55]) {
			t.Errorf("error %v, want a usage error with %q", err, want)
		}
	}
}

func TestReadPublicKeys(t *testing.T) {
	statements, model := keysForTest(t)
	text := func(s *Signer) string {
		b, err := s.PEM()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	both := "# ada, 2026\n" + text(statements) + text(model)
	for name, test := range map[string]struct{ text, want string }{
		"two keys":     {both, ""},
		"private":      {privatePEM(t, ed25519ForTest(0)), "key 1 of 1: it is a private key, which only the signer may have"},
		"twice":        {text(model) + text(model), "comes twice: leave one of them"},
		"another type": {both + strings.ReplaceAll(text(model), "PUBLIC KEY", "CERTIFICATE"), `key 3 of 3: it is a PEM block of type "CERTIFICATE", want PUBLIC KEY`},
		"damaged":      {text(model) + strings.Replace(text(statements), "M", "!", 1), "1 of its 2 PEM blocks are damaged"},
		"cut off":      {both[:len(both)-40], "1 of its 2 PEM blocks are damaged"},
		"other curve":  {publicPEM(t, &otherCurve(t).PublicKey), "it is on the curve P-384, want P-256"},
		"empty":        {"", "no PEM file"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "keys.pub")
			writeForTest(t, path, []byte(test.text))
			keys, err := ReadPublicKeys(path)
			if test.want == "" {
				if err != nil || len(keys) != 2 || keys[0].ID != statements.ID || keys[0].Name != "ada, 2026" || keys[1].ID != model.ID || keys[1].Name != "" {
					t.Errorf("got %v, error %v", keys, err)
				}
				return
			}
			var usage *config.UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want a usage error with %q", err, test.want)
			}
		})
	}
}

func publicPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
