// Package provenance says where a release package comes from, in the forms that others
// read, and who vouches for it.
//
// Four files lie beside the archive NAME-VERSION.tar.gz. Signing changes none of the
// package's own bytes, so that a package can be signed later, and again by another key.
//
//	NAME-VERSION.tar.gz.sha256   the archive's digest, for sha256sum -c
//	NAME-VERSION.cdx.json        what the package consists of (CycloneDX 1.6)
//	NAME-VERSION.intoto.jsonl    in-toto statements, each in a DSSE envelope, one a line
//	NAME-VERSION.model.sig       the bundle of OpenSSF model signing, if there is a key for it
//
// Everything but the signatures follows from the package: whoever checks a file makes it
// again and compares. Signatures are deterministic, and nothing here reads a clock.
package provenance
