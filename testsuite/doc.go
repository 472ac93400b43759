// Package testsuite holds the tests that need several rooms: the emulated cloud driven by
// the vendor's own SDK, and, behind the build tag e2e, the binaries as real processes.
package testsuite
