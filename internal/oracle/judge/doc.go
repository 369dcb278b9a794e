// Package judge holds the judges that are made of this project's own parts: the
// reference interpreter, the verifier, and the compiler with the simulated
// card. The kernel, which is not, stands in package oracle.
//
// A judge adapts; it never decides what is right and never knows what another
// judge said.
package judge
