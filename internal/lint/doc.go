// Package lint holds the vet analysers of this module: checks of house rules
// that the compiler cannot make. Command skipswvet runs them in make lint.
//
// Vocabulary finds numbers where a constant of the vocabulary belongs: helpers,
// types of maps and programs, verdicts, error numbers and parts of opcodes of
// translate/bpf, places of the contract in nfpisa/target, offsets of
// nfpisa/maplayout. It also finds opcodes taken apart and jump targets computed
// by hand.
//
// The package knows the names of those packages and nothing else of the module.
package lint
