package listing

import (
	"path"
	"strings"
)

// ReadBefore lists a folder by the rules of version 2 of the reproducibility contract, by
// which older records are verified: hidden files and folders alone are left out, and
// images are those whose names end in .png, .jpg, .jpeg or .gif.
func ReadBefore(root string) (*Tree, error) { return read(&reader{before: true}, root) }

// isLeftOut says whether a file or folder of that name is no part of the data.
func (r *reader) isLeftOut(name string) bool {
	if r.before {
		return strings.HasPrefix(name, ".")
	}
	return IsLeftOut(name)
}

// isImageBefore says whether a file was an image by version 2 of the contract.
func isImageBefore(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".gif":
		return true
	}
	return false
}
