package ssa
