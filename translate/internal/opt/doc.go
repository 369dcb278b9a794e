// Package opt improves word-level SSA: it folds, shares and removes values,
// simplifies control flow, and turns loads and stores into memory commands.
//
// It never knows registers or encodings of the NFP. Run is the entry point.
package opt
