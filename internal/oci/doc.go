// Package oci publishes a model to an OCI registry, as an image that Kubernetes mounts as a
// volume.
//
// The tag names an index with one image for each platform of nodes. The images differ in
// their configuration alone: containerd mounts an image only if it is for the node's
// platform. What belongs to a release besides the model, such as its archive, statements
// and signatures, is attached to the index as referrers. Registries without the referrers
// API get them by the tag sha256-DIGEST, as the OCI distribution specification 1.1 has it.
//
// The same release gives the same bytes, so that publishing again is harmless. The tag is
// set last: until then, nobody sees anything of a release. A tag that stands for other bytes
// is never moved.
//
// It also downloads artifacts, such as data, by their digests.
package oci
