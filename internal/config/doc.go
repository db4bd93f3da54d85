// Package config turns flags, environment variables and .env files into typed,
// checked values, and remembers where each came from. Modules declare their own
// options through it.
package config
